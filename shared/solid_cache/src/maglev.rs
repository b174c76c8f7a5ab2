//! Which shard a key belongs to: the Maglev table of Solid Cache, slot for slot, so that Rails looks in the same file.

use md5::{Digest as _, Md5};

/// A prime, and the most shards there can be.
const SLOTS: u32 = 2053;

/// For each slot the place of its node in the list that the table was made of.
#[derive(Debug)]
pub(crate) struct Maglev {
    slots: Vec<usize>,
}

struct Node<'a> {
    name: &'a str,
    place: usize,
    offset: u32,
    skip: u32,
    tried: u32,
}

impl Maglev {
    pub(crate) fn new(names: &[&str]) -> Self {
        let mut nodes: Vec<Node<'_>> = names
            .iter()
            .enumerate()
            .map(|(place, name)| Node::new(name, place))
            .collect();
        nodes.sort_unstable_by_key(|node| node.name);
        nodes.dedup_by_key(|node| node.name);
        Self {
            slots: populate(&mut nodes),
        }
    }

    /// The place of the node that holds `key`.
    pub(crate) fn node(&self, key: &[u8]) -> usize {
        let slot = crc32fast::hash(key) % SLOTS;
        self.slots.get(slot as usize).copied().unwrap_or(0)
    }
}

impl<'a> Node<'a> {
    fn new(name: &'a str, place: usize) -> Self {
        Self {
            name,
            place,
            offset: digest(name, "offset") % SLOTS,
            skip: digest(name, "skip") % (SLOTS - 1) + 1,
            tried: 0,
        }
    }

    /// The next slot that this node would like.
    fn preference(&mut self) -> usize {
        let slot = (u64::from(self.offset) + u64::from(self.tried) * u64::from(self.skip))
            % u64::from(SLOTS);
        self.tried += 1;
        usize::try_from(slot).unwrap_or(0)
    }
}

/// The nodes take turns; each takes the first slot of its liking that is free.
fn populate(nodes: &mut [Node<'_>]) -> Vec<usize> {
    let mut slots: Vec<Option<usize>> = vec![None; SLOTS as usize];
    let mut free = slots.len();
    while free > 0 && !nodes.is_empty() {
        for node in nodes.iter_mut().take(free) {
            let slot = loop {
                let slot = node.preference();
                if slots[slot].is_none() {
                    break slot;
                }
            };
            slots[slot] = Some(node.place);
            free -= 1;
        }
    }
    slots.into_iter().map(Option::unwrap_or_default).collect()
}

/// The first four bytes of the MD5, big-endian.
fn digest(name: &str, purpose: &str) -> u32 {
    let digest = Md5::digest(format!("{name}{purpose}"));
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}
