//! Two members whose lists meet, and more of both when more is wanted.

use overlap_tests::{Lab, Node};

use crate::PROGRAM;
use crate::https::Https;

/// An indicator of every kind; both hold them all.
const EVERY_KIND: &str = "kind,value,tlp\n\
    url,https://www.example.org/it%27s?q='%5B1%5D,clear\n\
    domain,xn--bcher-kva.example,green\n\
    onion,duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion,amber\n\
    ip,192.0.2.7,amber+strict\n\
    ip,2001:db8::7,red\n\
    email,o'neil@example.org,green\n\
    phone,+31201234567,green\n\
    wallet,btc:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa,green\n\
    merchant,visa:439972/CLOVE2618,green\n\
    iban,NL91ABNA0417164300,green\n\
    account,skype:some.one,green\n\
    handle,telegram:some_body,green\n\
    infohash,092de7681de0a2f6da01b241458481b88cc33c44,green\n\
    file-hash,da39a3ee5e6b4b0d3255bfef95601890afd80709,green\n\
    file-hash,d41d8cd98f00b204e9800998ecf8427e,green\n\
    newsgroup,alt.example.x,green\n";

/// Domains that come each time.
const MORE: usize = 20;

/// A lab of two, `a` whose API the client drives and `b`, its partner.
pub(crate) struct Pair {
    pub(crate) lab: Lab,
    pub(crate) a: Node,
    b: Node,
    pub(crate) https: Https,
    batches: usize,
}

impl Pair {
    /// Two nodes that have compared what both hold once.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| ())
    }

    /// Two nodes that have compared what both hold once, in a lab that was changed before.
    pub(crate) fn start_with(change: impl FnOnce(&Lab)) -> Self {
        let lab = Lab::create(PROGRAM, &["a", "b"]);
        change(&lab);
        let https = Https::of(&lab, "a");
        let (a, b) = (lab.start("a"), lab.start("b"));
        let mut pair = Self { lab, a, b, https, batches: 0 };
        pair.import(EVERY_KIND);
        pair.add_more();
        pair
    }

    /// Imports more at both, and compares.
    pub(crate) fn add_more(&mut self) {
        let batch = self.batches;
        self.batches += 1;
        let rows = (0..MORE).map(|row| format!("domain,n{row}.batch{batch}.example,amber\n"));
        self.import(&["kind,value,tlp\n".to_owned()].into_iter().chain(rows).collect::<String>());
        let _ = self.a.command(["exchange", "b"]).expect_code(0);
    }

    fn import(&self, list: &str) {
        let file = self.lab.write("list.csv", list);
        for node in [&self.a, &self.b] {
            let _ = node.command(["import", &file]).expect_code(0);
        }
    }

    /// A new token of `a` with this role.
    pub(crate) fn token_of(&self, role: &str) -> String {
        let made = self.a.command(["token", "add", "schemathesis", "--role", role]).expect_code(0);
        made.stdout.trim().to_owned()
    }

    /// The token that `a` takes.
    pub(crate) fn token(&self) -> String {
        std::fs::read_to_string(self.a.folder().join("api.token")).unwrap().trim().to_owned()
    }

    /// How many overlaps `a` has, by its own command line.
    pub(crate) fn overlaps(&self) -> usize {
        self.a.command(["overlaps", "--json"]).expect_code(0).json_lines().len()
    }
}
