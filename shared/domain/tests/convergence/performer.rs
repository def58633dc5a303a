//! Performs random operations through the use cases. Refusals by rules are expected; errors that show a bug fail the
//! test.

use domain::ids::{AttachmentId, ChatId, Seq};
use domain::member_settings::{Notifications, NotificationsChange, NotifyLevel, SettingsChange};
use domain::names::{ChatName, Topic};
use domain::patch::Patch;
use domain::ports::StoreError;
use domain::reactions::Emoji;
use domain::use_cases::{
    AddParticipants, BlockUser, BlockUserError, ChangeGroupError, ChangeMessageError, ChatError, CreateAttachmentError,
    CreateChat, DeleteFor, DeleteMessage, EditMessage, MarkSeenCommand, MarkSeenError, NewChat, ReactToMessage,
    RemoveParticipant, SendMessage, SendMessageError, SetAdmin, UpdateChat, UpdateMember, UpdateMemberError,
    UploadError,
};
use std::sync::atomic::{AtomicU32, Ordering};
use testkit::MemoryStore;
use testkit::fixtures::{caller, carrying, custom, message, picture, text, user, users};
use testkit::ops::{Op, View};

pub(crate) type TestApp = testkit::TestApp<MemoryStore>;

/// A private chat and two groups, and a counter that makes every text different.
pub(crate) struct Performer {
    chats: [ChatId; 3],
    texts: AtomicU32,
}

impl Performer {
    pub(crate) async fn new(app: &TestApp) -> Self {
        let create = async |chat: NewChat| {
            app.create_chat(CreateChat { caller: caller("alice"), chat }).await.unwrap().chat.chat_id().clone()
        };
        let alice = user("alice");
        let group = |others: &[&str]| {
            NewChat::group(&alice, &users(others), ChatName::parse("A group").unwrap(), None).unwrap()
        };
        let chats = [
            create(NewChat::private(&alice, &users(&["bob"])).unwrap()).await,
            create(group(&["bob", "carol"])).await,
            create(group(&["carol", "dave"])).await,
        ];
        Self { chats, texts: AtomicU32::new(0) }
    }

    pub(crate) async fn perform(&self, app: &TestApp, who: &str, op: &Op, chat: u64) {
        let chat = self.chats[usize::try_from(chat).unwrap()].clone();
        let (caller, last) = (caller(who), app.store.stored_head(&chat).unwrap().last_seq.0);
        let seq_of = |number: u64| Seq(number % (last + 2));
        let n = self.texts.fetch_add(1, Ordering::Relaxed);
        let content = format!("{who} says {n}");
        match op {
            Op::Send { reply_to, mentions, has_custom } => {
                let mut send = message(&chat, who, &format!("m-{n}"), &content);
                send.reply_to = reply_to.map(seq_of);
                send.mentions.extend(mentions.then(|| user("carol")));
                send.custom = has_custom.then(|| custom(&content));
                assert_expected_send(app.send_message(send).await.err());
            }
            Op::Attach => {
                if let Some(attachment) = upload_picture(app, who, &chat).await {
                    let send = carrying(&chat, who, &format!("m-{n}"), &attachment);
                    assert_expected_send(app.send_message(SendMessage { content: text(&content), ..send }).await.err());
                }
            }
            Op::Repeat => assert_expected_send(app.send_message(message(&chat, who, "the-one", "Once")).await.err()),
            Op::Edit(at) => {
                let content = Some(text(&content));
                let edit = EditMessage { caller, chat, seq: seq_of(*at), content, mentions: None, custom: None };
                assert_expected_change(app.edit_message(edit).await.err());
            }
            Op::EditCustom(at, has_custom) => {
                let custom = Some(if *has_custom { Patch::Set(custom(&content)) } else { Patch::Remove });
                let edit = EditMessage { caller, chat, seq: seq_of(*at), content: None, mentions: None, custom };
                assert_expected_change(app.edit_message(edit).await.err());
            }
            Op::DeleteForMe(at) => {
                let delete = DeleteMessage { caller, chat, seq: seq_of(*at), for_whom: DeleteFor::Me };
                assert_expected_change(app.delete_message(delete).await.err());
            }
            Op::DeleteForEveryone(at) => {
                let delete = DeleteMessage { caller, chat, seq: seq_of(*at), for_whom: DeleteFor::Everyone };
                assert_expected_change(app.delete_message(delete).await.err());
            }
            Op::React(at, emojis) => {
                let emojis = emojis.iter().map(|emoji| Emoji::parse(emoji).unwrap()).collect();
                assert_expected_change(
                    app.react_to_message(ReactToMessage { caller, chat, seq: seq_of(*at), emojis }).await.err(),
                );
            }
            Op::MarkSeen(at) => match app.mark_seen(MarkSeenCommand { caller, chat, seq: seq_of(*at) }).await.err() {
                Some(ChatError::Store(error)) => assert_unavailable(error),
                None
                | Some(ChatError::NotFound | ChatError::Refused(MarkSeenError::SeqTooHigh { .. }) | ChatError::Busy) => {
                }
            },
            Op::Clear => match app.clear_chat(&caller, &chat).await.err() {
                Some(ChatError::Store(error)) => assert_unavailable(error),
                Some(ChatError::Refused(error)) => panic!("{error}"),
                None | Some(ChatError::NotFound | ChatError::Busy) => {}
            },
            Op::Rename => {
                let name = Some(ChatName::parse(format!("Group {n}")).unwrap());
                let rename = UpdateChat { caller, chat, name, topic: None, custom: None, avatar: None };
                assert_expected_group_change(app.update_chat(rename).await.err());
            }
            Op::Describe(is_set) => {
                let topic = Topic::parse(format!("Topic {n}")).unwrap();
                let (topic, custom) = match is_set {
                    true => (Patch::Set(topic), Patch::Set(custom(&content))),
                    false => (Patch::Remove, Patch::Remove),
                };
                let update =
                    UpdateChat { caller, chat, name: None, topic: Some(topic), custom: Some(custom), avatar: None };
                assert_expected_group_change(app.update_chat(update).await.err());
            }
            Op::SetAvatar(is_set) => {
                let avatar = match is_set {
                    true => upload_picture(app, who, &chat).await.map(Patch::Set),
                    false => Some(Patch::Remove),
                };
                let update = UpdateChat { caller, chat, name: None, topic: None, custom: None, avatar };
                assert_expected_group_change(app.update_chat(update).await.err());
            }
            Op::Add(whom) => {
                let add = AddParticipants { caller, chat, users: [user(whom)].into() };
                assert_expected_group_change(app.add_participants(add).await.err());
            }
            Op::Remove(whom) => {
                assert_expected_group_change(
                    app.remove_participant(RemoveParticipant { caller, chat, user: user(whom) }).await.err(),
                );
            }
            Op::SetAdmin(whom, is_admin) => {
                let set = SetAdmin { caller, chat, user: user(whom), is_admin: *is_admin };
                assert_expected_group_change(app.set_admin(set).await.err());
            }
            Op::View(view) => {
                let change = settings_change(*view);
                match app.update_member(UpdateMember { caller, chat, change }).await.err() {
                    Some(ChatError::Store(error)) => assert_unavailable(error),
                    // A commit whose reply is lost is paid for again.
                    Some(ChatError::Refused(UpdateMemberError::RateLimited(_))) => {}
                    Some(ChatError::Refused(error)) => panic!("{error:?}"),
                    None | Some(ChatError::NotFound | ChatError::Busy) => {}
                }
            }
            Op::Block(whom, block) => {
                match app.block_user(BlockUser { caller, user: user(whom), block: *block }).await.err() {
                    Some(ChatError::Store(error)) => assert_unavailable(error),
                    None | Some(ChatError::Refused(BlockUserError::Yourself) | ChatError::Busy) => {}
                    Some(error) => panic!("{error:?}"),
                }
            }
        }
    }
}

/// Declares and uploads a picture; None if that is refused, or if the store fails.
async fn upload_picture(app: &TestApp, who: &str, chat: &ChatId) -> Option<AttachmentId> {
    match app.create_attachment(picture(chat, who)).await {
        Ok(created) => {
            let attachment = created.upload.attachment;
            app.objects.put_declared(&attachment);
            return Some(attachment.id);
        }
        Err(ChatError::Store(error)) => assert_unavailable(error),
        Err(
            ChatError::NotFound
            | ChatError::Refused(CreateAttachmentError::ChatClosed | CreateAttachmentError::Blocked),
        ) => {}
        Err(error) => panic!("{error:?}"),
    }
    None
}

fn settings_change(view: View) -> SettingsChange {
    let notifications = |level| match level {
        NotifyLevel::All => Notifications::All,
        NotifyLevel::Mentions => Notifications::Mentions,
        NotifyLevel::None => Notifications::Muted(None),
    };
    match view {
        View::Notify(level) => SettingsChange {
            notifications: Some(NotificationsChange::Set(notifications(level))),
            ..SettingsChange::default()
        },
        View::Pinned(is) => SettingsChange { pinned: Some(is), ..SettingsChange::default() },
        View::Archived(is) => SettingsChange { archived: Some(is), ..SettingsChange::default() },
        View::MarkedUnread(is) => SettingsChange { marked_unread: Some(is), ..SettingsChange::default() },
    }
}

/// Lost replies are among the injected faults; inconsistent items are not.
fn assert_unavailable(error: StoreError) {
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
}

fn assert_expected_send(error: Option<ChatError<SendMessageError>>) {
    match error {
        Some(ChatError::Store(error)) => assert_unavailable(error),
        Some(
            error @ (ChatError::Refused(SendMessageError::IdempotencyConflict)
            | ChatError::Refused(SendMessageError::RateLimited { .. })
            | ChatError::Refused(SendMessageError::Upload(UploadError::NotFound))
            | ChatError::Refused(SendMessageError::Upload(UploadError::NotUploaded))
            | ChatError::Refused(SendMessageError::Upload(UploadError::Sent))),
        ) => panic!("{error:?}"),
        _ => {}
    }
}

fn assert_expected_change(error: Option<ChatError<ChangeMessageError>>) {
    if let Some(ChatError::Store(error)) = error {
        assert_unavailable(error);
    }
}

fn assert_expected_group_change(error: Option<ChatError<ChangeGroupError>>) {
    match error {
        Some(ChatError::Store(error)) => assert_unavailable(error),
        Some(
            error @ (ChatError::Refused(ChangeGroupError::UnknownUsers(_))
            | ChatError::Refused(ChangeGroupError::Directory(_))),
        ) => panic!("{error:?}"),
        _ => {}
    }
}
