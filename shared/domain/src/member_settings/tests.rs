use super::*;
use crate::ids::UserId;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn member(settings: MemberSettings) -> Member {
    Member { settings, ..Member::joining(UserId::parse("bob").unwrap(), Seq(0), at(0)) }
}

fn muted(until: Option<i64>) -> MemberSettings {
    MemberSettings { notifications: Notifications::Muted(until.map(at)), ..MemberSettings::default() }
}

fn chats(count: usize) -> impl Iterator<Item = ChatId> {
    (0..count).map(|n| ChatId::parse(format!("c{n}")).unwrap())
}

#[test]
fn mute_ends_at_its_end() {
    assert!(muted(Some(100)).notifications.is_muted(at(99)));
    assert_eq!(muted(Some(100)).notifications.at(at(100)), Notifications::All);
    assert!(muted(None).notifications.is_muted(at(i64::MAX)));
    assert_eq!(Notifications::Mentions.at(at(100)), Notifications::Mentions);
}

#[test]
fn only_a_message_above_the_archived_seq_brings_a_chat_back() {
    let archived = |settings| MemberSettings { archived_seq: Some(Seq(5)), ..settings };
    let open = archived(MemberSettings::default());
    assert!(open.is_archived(Seq(5), at(0)) && !open.is_archived(Seq(6), at(0)));
    let muted = archived(muted(Some(100)));
    assert!(muted.is_archived(Seq(6), at(99)) && !muted.is_archived(Seq(6), at(100)));
    assert!(!MemberSettings::default().is_archived(Seq(0), at(0)));
}

#[test]
fn what_no_longer_holds_is_removed_with_the_next_change() {
    let before = MemberSettings { archived_seq: Some(Seq(5)), ..muted(Some(100)) };
    let pin = SettingsChange { pinned: Some(true), ..SettingsChange::default() };
    let pinned = |last_seq, now| pin.apply(&member(before), Seq(last_seq), at(now)).unwrap().settings;
    assert_eq!(pinned(6, 99), MemberSettings { is_pinned: true, ..before });
    assert_eq!(pinned(6, 100), MemberSettings { is_pinned: true, ..MemberSettings::default() });
    // Nothing is written if there is nothing else to change.
    assert_eq!(SettingsChange::unmute().apply(&member(before), Seq(6), at(100)), None);
}

#[test]
fn unmuting_leaves_mentions() {
    let mentions = MemberSettings { notifications: Notifications::Mentions, ..MemberSettings::default() };
    assert_eq!(SettingsChange::unmute().apply(&member(mentions), Seq(0), at(0)), None);
    let unmuted = SettingsChange::unmute().apply(&member(muted(None)), Seq(0), at(0)).unwrap();
    assert_eq!((unmuted.settings, unmuted.member_rev), (MemberSettings::default(), MemberRev(2)));
}

#[test]
fn lists_have_their_bounds() {
    let list = ListedChats {
        rev: 7,
        mutes: chats(MAX_MUTED_CHATS - 1).map(|chat| (chat, None)).collect(),
        pinned: chats(MAX_PINNED_CHATS - 1).collect(),
    };
    let [one, more] = ["one", "more"].map(|id| ChatId::parse(id).unwrap());
    let pinned = MemberSettings { is_pinned: true, ..MemberSettings::default() };
    let full = list.with(&one, &muted(Some(100)), at(0)).unwrap();
    assert_eq!((full.rev, full.mutes.len()), (8, MAX_MUTED_CHATS));
    assert_eq!(full.with(&more, &muted(None), at(0)), Err(ListFull::Muted));
    assert!(full.with(&one, &muted(None), at(0)).is_ok(), "it is muted already");
    let without_ended = full.with(&more, &muted(None), at(100)).unwrap();
    assert!(without_ended.mutes.len() == MAX_MUTED_CHATS && !without_ended.mutes.contains_key(&one));
    let full = list.with(&one, &pinned, at(0)).unwrap();
    assert_eq!(full.pinned.len(), MAX_PINNED_CHATS);
    assert_eq!(full.with(&more, &pinned, at(0)), Err(ListFull::Pinned));
    assert!(full.with(&one, &pinned, at(0)).is_ok(), "it is pinned already");
    let nothing = MemberSettings::default();
    assert_eq!(full.with(&one, &nothing, at(0)).unwrap(), ListedChats { rev: 9, ..list });
}
