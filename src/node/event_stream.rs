//! Reading server-sent events (WHATWG HTML, section 9.2.6), as far as this program's own API writes them.

use crate::client::Opened;

/// The longest event that is kept while its end has not come: values are far shorter.
const LONGEST: usize = 16 << 20;

/// A stream of events.
pub(crate) struct EventStream {
    opened: Opened,
    blocks: Blocks,
}

impl EventStream {
    pub(crate) fn new(opened: Opened) -> Self {
        Self { opened, blocks: Blocks::default() }
    }

    /// The data of the next event; `None` once the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(data) = self.blocks.next() {
                return Some(data);
            }
            if self.blocks.waiting.len() > LONGEST {
                return None;
            }
            self.blocks.waiting.extend_from_slice(&self.opened.next().await?);
        }
    }
}

/// Bytes that are cut into events.
#[derive(Default)]
struct Blocks {
    waiting: Vec<u8>,
}

impl Blocks {
    /// The data of the next event that is there whole; comments and events without data are passed over.
    fn next(&mut self) -> Option<String> {
        loop {
            let end = self.waiting.windows(2).position(|pair| pair == b"\n\n")?;
            let block: Vec<u8> = self.waiting.drain(..end + 2).collect();
            let text = String::from_utf8_lossy(&block);
            let data: Vec<&str> = text
                .lines()
                .filter_map(|line| line.strip_prefix("data:"))
                .map(|data| data.strip_prefix(' ').unwrap_or(data))
                .collect();
            if !data.is_empty() {
                return Some(data.join("\n"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_cut_wherever_the_chunks_are() {
        let text =
            "retry: 2000\n\n:\n\nid: 1\nevent: a\ndata: {\"é\":1}\n\ndata:x\ndata: y\n\nid: 3\ndata: cut";
        for at in 0..text.len() {
            let (mut blocks, mut found) = (Blocks::default(), Vec::new());
            for chunk in [&text.as_bytes()[..at], &text.as_bytes()[at..]] {
                blocks.waiting.extend_from_slice(chunk);
                found.extend(std::iter::from_fn(|| blocks.next()));
            }
            assert_eq!(found, ["{\"é\":1}", "x\ny"], "cut at {at}");
        }
    }
}
