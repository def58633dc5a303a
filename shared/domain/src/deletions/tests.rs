use super::*;
use crate::ids::UserId;
use crate::timestamp::Timestamp;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

fn set(seqs: impl IntoIterator<Item = u64>) -> SeqSet {
    seqs.into_iter().map(Seq).collect()
}

fn seqs() -> impl Strategy<Value = BTreeSet<u64>> {
    prop_oneof![btree_set(1..300_u64, 0..200), btree_set(1..u64::MAX, 0..40), btree_set(1..1_u64 << 40, 0..300)]
}

#[test]
fn differences_take_a_byte_per_seven_bits() {
    assert_eq!(set([1, 2, 130]).encode(), [1, 1, 0x80, 1]);
    assert_eq!(set([128, 255]).encode(), [0x80, 1, 0x7f]);
    assert_eq!(set([u64::MAX]).encode().len(), 10);
}

#[test]
fn broken_bytes_are_refused() {
    let too_large = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
    let sum_too_large = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x01];
    for bytes in [&[0][..], &[1, 0], &[0x80], &[1, 0xff], &too_large, &sum_too_large, &[0x80; 20]] {
        assert!(SeqSet::decode(bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn recent_deletions_move_when_one_more_does_not_fit() {
    let full = RecentDeletions { above: Seq(0), seqs: set(1..=512) };
    assert_eq!(full.seqs.encode().len(), MAX_RECENT_TOMBSTONES_BYTES);
    let (recent, moved) = full.with(Seq(513), MAX_RECENT_TOMBSTONES_BYTES);
    assert_eq!((recent, moved), (RecentDeletions { above: Seq(257), seqs: set(258..=513) }, set(1..=257)));
    // One more fits again, and one that is older moves at once.
    let (recent, moved) =
        RecentDeletions { above: Seq(257), seqs: set(258..=512) }.with(Seq(513), MAX_RECENT_TOMBSTONES_BYTES);
    assert_eq!((recent.above, moved.is_empty()), (Seq(257), true));
    let (same, moved) = recent.clone().with(Seq(257), MAX_RECENT_TOMBSTONES_BYTES);
    assert_eq!((same, moved), (recent, set([257])));
}

#[test]
fn block_is_at_most_512_bytes() {
    let last = 5 * SEQS_PER_BLOCK - 1;
    let block = TombstoneBlock { number: 4, seqs: set([4 * SEQS_PER_BLOCK, last]), rev: Rev(1) };
    assert_eq!((block.bits().len(), block_of(Seq(last)), block_of(Seq(last + 1))), (512, 4, 5));
    assert_eq!(block.bits()[0], 1);
    assert_eq!(TombstoneBlock::parse(4, &block.bits(), Rev(1)), block);
    assert!(TombstoneBlock::parse(u64::MAX, &[0xff; 1000], Rev(1)).seqs.iter().count() <= 4096);
}

proptest! {
    #[test]
    fn seqs_are_read_back(seqs in seqs()) {
        let seqs = set(seqs);
        let bytes = seqs.encode();
        prop_assert_eq!(SeqSet::decode(&bytes).unwrap(), seqs);
    }

    #[test]
    fn any_bytes_are_refused_or_read_back(bytes in vec(any::<u8>(), 0..40)) {
        if let Ok(seqs) = SeqSet::decode(&bytes) {
            prop_assert!(seqs.iter().all(|seq| seq > Seq(0)));
            prop_assert_eq!(SeqSet::decode(&seqs.encode()).unwrap(), seqs);
        }
    }

    #[test]
    fn block_is_read_back(number in 0..1_000_000_u64, places in btree_set(0..SEQS_PER_BLOCK, 0..200)) {
        let seqs = set(places.into_iter().map(|place| number * SEQS_PER_BLOCK + place));
        let block = TombstoneBlock { number, seqs, rev: Rev(7) };
        prop_assert!(block.bits().len() <= 512);
        prop_assert_eq!(TombstoneBlock::parse(number, &block.bits(), Rev(7)), block);
    }

    /// Whatever is deleted in whatever order: recent and older deletions together are all of them, the recent ones are
    /// all above their bound and fit, and few blocks change at once.
    #[test]
    fn recent_and_older_deletions_are_all(deleted in vec(1..2_000_000_u64, 1..900), max_bytes in 40..=512_usize) {
        let (mut recent, mut older, mut all) = (RecentDeletions::default(), SeqSet::default(), SeqSet::default());
        for seq in deleted.into_iter().map(Seq) {
            let (after, moved) = recent.with(seq, max_bytes);
            recent = after;
            older.extend(&moved);
            all.insert(seq);
            let blocks: BTreeSet<u64> = moved.iter().map(block_of).collect();
            prop_assert!(blocks.len() <= 2 * MAX_BLOCKS_PER_MOVE, "{}", blocks.len());
            prop_assert!(recent.seqs.encode().len() <= max_bytes);
            prop_assert!(recent.seqs.iter().all(|seq| recent.above < seq));
            prop_assert!(older.iter().all(|seq| seq <= recent.above));
        }
        let mut both = recent.seqs.clone();
        both.extend(&older);
        prop_assert_eq!(both, all);
    }

    /// The count is that of a naive recount, for a member who reads the older deletions only if they need them.
    #[test]
    fn count_is_that_of_a_recount(
        last in 0..600_u64,
        (read, joined, cleared) in (0..600_u64, 0..600_u64, 0..600_u64),
        (tombstones, own) in (vec(1..600_u64, 0..400), vec(1..600_u64, 0..300)),
        max_bytes in 20..100_usize,
    ) {
        let at = Timestamp::from_millis(0);
        let split = |deleted: &[u64]| {
            let (mut recent, mut older) = (RecentDeletions::default(), SeqSet::default());
            for seq in deleted {
                let (after, moved) = recent.with(Seq(*seq), max_bytes);
                recent = after;
                older.extend(&moved);
            }
            (recent, older)
        };
        let ((tombstones_recent, tombstones_older), (own_recent, own_older)) = (split(&tombstones), split(&own));
        let member = Member {
            read_seq: Seq(read),
            cleared_seq: Seq(cleared),
            own_deletions: own_recent,
            ..Member::joining(UserId::parse("bob").unwrap(), Seq(joined), at)
        };
        let head = Head { last_seq: Seq(last), tombstones: tombstones_recent, ..Head::new(2, at) };
        let mut older = SeqSet::default();
        if !head.tombstones.has_all_above(member.read_up_to()) {
            older.extend(&tombstones_older);
        }
        if !member.own_deletions.has_all_above(member.read_up_to()) {
            older.extend(&own_older);
        }
        let counts = |seq: &u64| {
            *seq > joined && *seq > read && *seq > cleared && !tombstones.contains(seq) && !own.contains(seq)
        };
        prop_assert_eq!(unread_count(&member, &head, head.last_seq, &older), (1..=last).filter(counts).count() as u64);
    }
}
