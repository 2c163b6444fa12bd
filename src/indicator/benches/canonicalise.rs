//! Indicators canonicalised and digested, one core: every facet of a mix in the proportions of members' real lists.
//!
//! `cargo bench -p overlap-indicator`; criterion prints elements, which are indicators, per second.
//!
//! Measured in November 2026 on a 2-core Sapphire-Rapids-class virtual machine while other builds kept both cores busy, so
//! these are lower bounds: mixed 415,000 a second; domain 471,000; url 178,000; wallet 189,000; merchant 471,000;
//! email 349,000; ip 682,000; infohash 708,000; iban 750,000; phone 872,000; handle 933,000; onion 360,000.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use data_encoding::{BASE32, HEXLOWER, HEXUPPER};
use overlap_indicator::{DigestSalt, Digester, Indicator, Kind, Rules};
use sha2::{Digest, Sha256};
use sha3::Sha3_256;

/// Of every thousand indicators, how many are of each kind: as in lists of three members, 13,600 rows in all.
const PROPORTIONS: [(Kind, usize); 11] = [
    (Kind::Domain, 404),
    (Kind::Url, 296),
    (Kind::Wallet, 62),
    (Kind::Merchant, 61),
    (Kind::Email, 40),
    (Kind::Ip, 31),
    (Kind::Infohash, 31),
    (Kind::Iban, 21),
    (Kind::Phone, 20),
    (Kind::Handle, 20),
    (Kind::Onion, 20),
];

/// Thousands of indicators in the mix: enough that no cache holds their answers.
const THOUSANDS: usize = 10;

fn benches(criterion: &mut Criterion) {
    let digester = Digester::new(&DigestSalt::new([7; 32]));
    let mix: Vec<(Kind, String)> = PROPORTIONS
        .into_iter()
        .flat_map(|(kind, share)| (0..share * THOUSANDS).map(move |index| (kind, raw(kind, index))))
        .collect();
    measure(criterion, "mixed", &mix, &digester);
    for (kind, _) in PROPORTIONS {
        let rows: Vec<(Kind, String)> = (0..1_000).map(|index| (kind, raw(kind, index))).collect();
        measure(criterion, kind.as_str(), &rows, &digester);
    }
}

fn measure(criterion: &mut Criterion, name: &str, rows: &[(Kind, String)], digester: &Digester) {
    let mut group = criterion.benchmark_group("canonicalise_and_digest");
    group.throughput(Throughput::Elements(rows.len() as u64));
    group.bench_function(name, |bencher| {
        let rules = Rules::default();
        bencher.iter(|| {
            for (kind, raw) in rows {
                let indicator = Indicator::parse(*kind, black_box(raw), &rules).expect("the mix is valid");
                for key in indicator.facets() {
                    black_box(digester.digest(&key));
                }
            }
        });
    });
    group.finish();
}

/// The indicator with this number, written in one of the ways that members write it.
fn raw(kind: Kind, index: usize) -> String {
    let seed = Sha256::digest(format!("{kind} {index}"));
    let bytes: [u8; 32] = seed.into();
    let number = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) % 1_000_000;
    let host = format!(
        "wallet-{}-{}.{}",
        HEXLOWER.encode(&bytes[..3]),
        number,
        ["xyz", "com", "org", "app"][index % 4]
    );
    match kind {
        Kind::Domain => domain(&host, index),
        Kind::Url => url(&host, number, index),
        Kind::Wallet => wallet(&bytes, index),
        Kind::Merchant => match index % 3 {
            0 => format!("visa:{}/{}   ", 400_000 + number % 200_000, HEXUPPER.encode(&bytes[..6])),
            1 => format!("MASTERCARD:{}/{}", 400_000 + number % 200_000, HEXLOWER.encode(&bytes[..5])),
            _ => format!("amex:{}/{}", 400_000 + number % 200_000, HEXUPPER.encode(&bytes[..7])),
        },
        Kind::Email => match index % 4 {
            0 => format!("mailto:info{number}@{host}"),
            1 => format!("admin{number}[@]{host}"),
            2 => format!("sales{number}@{}", host.to_uppercase()),
            _ => format!("vip{number}@{}", host.replace('.', "(.)")),
        },
        Kind::Ip => match index % 3 {
            0 => format!("{}.{}.{}.{}", bytes[0], bytes[1], bytes[2], bytes[3]),
            1 => format!("{}[.]{}[.]{}[.]{}", bytes[0], bytes[1], bytes[2], bytes[3]),
            _ => format!("::ffff:{:02x}{:02x}:{:02x}{:02x}", bytes[0], bytes[1], bytes[2], bytes[3]),
        },
        Kind::Infohash => match index % 4 {
            0 => HEXLOWER.encode(&bytes[..20]),
            1 => BASE32.encode(&bytes[..20]),
            2 => format!("magnet:?xt=urn:btih:{}&dn=x", HEXLOWER.encode(&bytes[..20])),
            _ => format!("magnet:?dn=y&xt=urn:btih:{}", BASE32.encode(&bytes[..20])),
        },
        Kind::Iban => iban(number, index),
        Kind::Phone => match index % 4 {
            0 => format!("+4915{}{:07}", index % 10, number),
            1 => format!("004915{}{:07}", index % 10, number),
            2 => format!("+49 15{} {:07}", index % 10, number),
            _ => format!("tel:+4915{}{:07}", index % 10, number),
        },
        Kind::Handle => match index % 4 {
            0 => format!("telegram:@shop{number}"),
            1 => format!("kik:MARKET{number}"),
            2 => format!("https://t.me/dealer{number}"),
            _ => format!("discord:shop{number}"),
        },
        _ => onion(&bytes, index),
    }
}

fn domain(host: &str, index: usize) -> String {
    match index % 6 {
        0 => host.to_owned(),
        1 => host.to_uppercase(),
        2 => format!("{host}."),
        3 => host.replace('.', "[.]"),
        4 => format!("www.{host}"),
        _ => format!("  {host} "),
    }
}

fn url(host: &str, number: u64, index: usize) -> String {
    match index % 7 {
        0 => format!("https://{host}/login.php?step=pay{number}#section-2"),
        1 => format!("HTTP://{}/pay{number}", host.to_uppercase()),
        2 => format!("hxxps://{}/up/load?id=77&p={number}", host.replace('.', "[.]")),
        3 => format!("https://{host}:443/gallery/page{number}"),
        4 => format!("http[:]//{host}/shop/item{number}"),
        5 => format!("https://{host}/./a/../login.php?step=pay{number}"),
        _ => format!("https://{host}/u%70/load?id=77&p={number}"),
    }
}

fn wallet(bytes: &[u8; 32], index: usize) -> String {
    let mut versioned = vec![0];
    versioned.extend_from_slice(&bytes[..20]);
    let legacy = bs58::encode(versioned).with_check().into_string();
    let hrp = bech32::Hrp::parse("bc").expect("Bitcoin's prefix");
    let segwit = bech32::segwit::encode_v0(hrp, &bytes[..20]).expect("20 bytes are a program");
    match index % 6 {
        0 => legacy,
        1 => format!("btc:{legacy}"),
        2 => format!("bitcoin:{legacy}?amount=0.1"),
        3 => format!("btc:{segwit}"),
        4 => format!("0x{}", HEXLOWER.encode(&bytes[..20])),
        _ => format!("ethereum:0x{}", checksummed(&bytes[..20])),
    }
}

/// EIP-55.
fn checksummed(address: &[u8]) -> String {
    let lower = HEXLOWER.encode(address);
    let hash = sha3::Keccak256::digest(&lower);
    let raised = |(index, c): (usize, char)| match hash[index / 2] >> (4 * (1 - index % 2)) & 8 {
        0 => c,
        _ => c.to_ascii_uppercase(),
    };
    lower.chars().enumerate().map(raised).collect()
}

fn iban(number: u64, index: usize) -> String {
    let account = format!("{number:06}{:012}", number * 7_919);
    // ISO 13616: the account, DE as 1314 and two zeros, modulo 97, from 98.
    let rest =
        format!("{account}131400").bytes().fold(0, |rest, digit| (rest * 10 + u64::from(digit - b'0')) % 97);
    let compact = format!("DE{:02}{account}", 98 - rest);
    match index % 3 {
        0 => compact,
        1 => compact.to_lowercase(),
        _ => {
            let groups =
                compact.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned());
            format!("IBAN {}", groups.collect::<Vec<_>>().join(" "))
        }
    }
}

fn onion(key: &[u8; 32], index: usize) -> String {
    let sum = Sha3_256::new().chain_update(b".onion checksum").chain_update(key).chain_update([3]).finalize();
    let name = BASE32.encode(&[key.as_slice(), &sum[..2], &[3]].concat());
    match index % 3 {
        0 => format!("{}.onion", name.to_lowercase()),
        1 => format!("{name}.ONION"),
        _ => format!("hxxp://{}[.]onion", name.to_lowercase()),
    }
}

criterion_group!(all, benches);
criterion_main!(all);
