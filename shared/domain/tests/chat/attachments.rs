//! Images, files and recordings: announced, uploaded, sent once, opened by those who see the message, removed.

use crate::support::*;
use domain::attachment::{DOWNLOAD_URL_TTL, Media, UPLOAD_TTL, UPLOAD_URL_TTL};
use domain::content::MessageType;
use domain::file::{ContentType, Sha256Digest};
use domain::ids::{AttachmentId, ChatId, Seq};
use domain::ports::{CreateUploads as _, Env as _, ReadUploads as _, StoreError, StoredObject};
use domain::use_cases::{
    ChangeMessageError, ChatError, CreateAttachment, CreateAttachmentError, CreatedAttachment, DeleteFor,
    GetAttachmentError, SendMessage, SendMessageError, SendOutcome,
};
use std::time::Duration;
use testkit::fixtures::{carrying, message, picture, text, upload, user};
use testkit::{Faults, MemoryStore};

async fn announce(app: &TestApp, who: &str, chat: &ChatId) -> CreatedAttachment {
    app.create_attachment(picture(chat, who)).await.unwrap()
}

/// Announces a picture and puts it there.
async fn uploaded(app: &TestApp, who: &str, chat: &ChatId) -> AttachmentId {
    let attachment = announce(app, who, chat).await.upload.attachment;
    app.objects.put_declared(&attachment);
    attachment.id
}

async fn send(
    app: &TestApp,
    who: &str,
    chat: &ChatId,
    id: &AttachmentId,
) -> Result<SendOutcome, ChatError<SendMessageError>> {
    app.send_message(carrying(chat, who, "", id)).await
}

#[tokio::test(start_paused = true)]
async fn a_picture_is_announced_sent_and_opened() {
    let app = app();
    let chat = private(&app).await;
    online(&app, &["alice-1", "alice-2", "bob-1"]).await;
    let CreatedAttachment { upload, signed, signed_until } = announce(&app, "alice", &chat).await;
    assert_eq!((&upload.owner, &upload.chat, upload.sent_as), (&user("alice"), &chat, None));
    assert_eq!(upload.expires_at, app.env.now().plus(UPLOAD_TTL));
    assert_eq!(signed_until, app.env.now().plus(UPLOAD_URL_TTL));
    let id = &upload.attachment.id;
    assert!(signed.url.contains(id.as_str()));
    app.objects.put_declared(&upload.attachment);
    let command = SendMessage { content: text("The sea"), ..carrying(&chat, "alice", "", id) };
    let sent = app.send_message(command).await.unwrap();
    assert!(app.objects.keeps(id));
    let frames =
        pushed(&app, [("alice-1", "message.created"), ("alice-2", "message.created"), ("bob-1", "message.created")]);
    for shown in [&json(&sent.message), &frames[2]["data"], &shown_in_page(&app, "bob", &chat, 1).await] {
        assert_eq!((&shown["type"], &shown["content"]), (&"image".into(), &"The sea".into()));
        assert_eq!(shown["attachment"], json(&upload.attachment));
        assert_eq!(shown["attachment"]["width"], 640);
    }
    for who in ["alice", "bob"] {
        let opened = app.get_attachment(&user(who), &chat, Seq(1)).await.unwrap();
        assert_eq!(opened.attachment, upload.attachment);
        assert_eq!(opened.signed_until, app.env.now().plus(DOWNLOAD_URL_TTL));
        assert!(opened.url.contains(id.as_str()));
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_limits_refuse_is_not_announced() {
    let app = app();
    let chat = private(&app).await;
    let before = everything(&app);
    let limits = &app.settings.attachments;
    let file = || CreateAttachment {
        content_type: ContentType::parse("application/pdf").unwrap(),
        media: Media::File,
        ..picture(&chat, "alice")
    };
    let audio = || CreateAttachment {
        content_type: ContentType::parse("audio/mpeg").unwrap(),
        media: Media::Audio { duration_ms: 1 },
        ..picture(&chat, "alice")
    };
    for (command, limit) in [(picture(&chat, "alice"), &limits.image), (file(), &limits.file), (audio(), &limits.audio)]
    {
        let most = limit.max_bytes;
        let too_large = CreateAttachment { size_bytes: most + 1, ..command.clone() };
        refused!(app.create_attachment(too_large).await, ChatError::Refused(CreateAttachmentError::TooLarge { limit }) if limit == most);
        for other in ["image/svg+xml", "text/html"] {
            let content_type = ContentType::parse(other).unwrap();
            let command = CreateAttachment { content_type, ..command.clone() };
            refused!(app.create_attachment(command).await,
                ChatError::Refused(CreateAttachmentError::ContentType { allowed }) if allowed == limit.content_types);
        }
    }
    assert_eq!(everything(&app), before);
    for command in [picture(&chat, "alice"), file(), audio()] {
        let most = app.settings.attachments.of(&command.media).max_bytes;
        app.create_attachment(CreateAttachment { size_bytes: most, ..command }).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn only_participants_announce_and_only_while_the_chat_is_open() {
    let app = app();
    let chat = closed(&app).await;
    refused!(app.create_attachment(picture(&chat, "mallory")).await, ChatError::NotFound);
    refused!(app.create_attachment(picture(&chat, "bob")).await, ChatError::NotFound);
    refused!(
        app.create_attachment(picture(&chat, "alice")).await,
        ChatError::Refused(CreateAttachmentError::ChatClosed)
    );
}

#[tokio::test(start_paused = true)]
async fn an_attachment_belongs_to_one_message() {
    let app = app();
    let chat = private(&app).await;
    let id = uploaded(&app, "alice", &chat).await;
    send(&app, "alice", &chat, &id).await.unwrap();
    let before = everything(&app);
    refused!(send(&app, "alice", &chat, &id).await, ChatError::Refused(SendMessageError::AttachmentSent));
    refused!(
        app.send_message(carrying(&chat, "alice", "another", &id)).await,
        ChatError::Refused(SendMessageError::AttachmentSent)
    );
    assert_eq!(everything(&app), before);
    assert_eq!(app.objects.looked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_named_send_is_repeated_and_names_one_attachment() {
    let app = app();
    let chat = private(&app).await;
    let (id, other) = (uploaded(&app, "alice", &chat).await, uploaded(&app, "alice", &chat).await);
    assert!(!app.send_message(carrying(&chat, "alice", "one", &id)).await.unwrap().repeated);
    let repeated = app.send_message(carrying(&chat, "alice", "one", &id)).await.unwrap();
    assert!(repeated.repeated && json(&repeated.message)["attachment"]["attachmentId"] == id.as_str());
    refused!(
        app.send_message(carrying(&chat, "alice", "one", &other)).await,
        ChatError::Refused(SendMessageError::IdempotencyConflict)
    );
    // What was not sent can be: the refused send used nothing up.
    app.send_message(carrying(&chat, "alice", "two", &other)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_upload_is_looked_at_once_whatever_is_in_the_way() {
    for seed in 0..20 {
        let app = with_store(MemoryStore::with_faults(seed, Faults::default()));
        let chat = private(&app).await;
        let id = uploaded(&app, "alice", &chat).await;
        app.store.set_faults(Faults { conflict: 60, lost_reply: 40, ..Faults::default() });
        // A reply that is lost may be that of a commit: then the name finds it, and nobody looks again.
        let mut tries = 0;
        while app.send_message(carrying(&chat, "alice", "one", &id)).await.is_err() {
            tries += 1;
        }
        let [message] = &app.store.stored_messages(&chat)[..] else { panic!("one message") };
        assert_eq!(message.attachment(), Some(&id));
        assert!((1..=tries + 1).contains(&app.objects.looked()), "{} in {tries}", app.objects.looked());
    }
    let app = app();
    let chat = private(&app).await;
    let id = uploaded(&app, "alice", &chat).await;
    let (mut retries, mut seed) = (0, 0);
    app.store.set_faults(Faults { conflict: 70, ..Faults::default() });
    while retries == 0 {
        seed += 1;
        let looked = app.objects.looked();
        let again = if seed == 1 { id.clone() } else { uploaded(&app, "alice", &chat).await };
        if let Ok(sent) = send(&app, "alice", &chat, &again).await {
            retries = sent.retries;
            assert_eq!(app.objects.looked(), looked + 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_theirs_cannot_be_sent() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    let other_chat = private(&app).await;
    let id = uploaded(&app, "alice", &chat).await;
    let before = everything(&app);
    refused!(send(&app, "bob", &chat, &id).await, ChatError::Refused(SendMessageError::AttachmentNotFound));
    let unknown = AttachmentId::parse("unknown").unwrap();
    refused!(send(&app, "alice", &chat, &unknown).await, ChatError::Refused(SendMessageError::AttachmentNotFound));
    refused!(
        send(&app, "alice", &other_chat, &id).await,
        ChatError::Refused(SendMessageError::AttachmentOfAnotherChat)
    );
    let audio = SendMessage { kind: MessageType::Audio, ..carrying(&chat, "alice", "", &id) };
    refused!(
        app.send_message(audio).await,
        ChatError::Refused(SendMessageError::AttachmentOfAnotherKind(MessageType::Image))
    );
    refused!(send(&app, "mallory", &chat, &id).await, ChatError::NotFound);
    let text_with = SendMessage { kind: MessageType::Text, content: text("x"), ..carrying(&chat, "alice", "", &id) };
    refused!(app.send_message(text_with).await, ChatError::Refused(SendMessageError::Kind(MessageType::Text)));
    let image_without = SendMessage { kind: MessageType::Image, ..message(&chat, "alice", "", "x") };
    refused!(app.send_message(image_without).await, ChatError::Refused(SendMessageError::Kind(MessageType::Image)));
    refused!(app.send_message(message(&chat, "alice", "", " ")).await, ChatError::Refused(SendMessageError::Blank));
    assert_eq!(everything(&app), before);
    assert_eq!(app.objects.looked(), 0, "nobody looks for what is refused anyway");
    send(&app, "alice", &chat, &id).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_as_declared_cannot_be_sent() {
    let app = app();
    let chat = private(&app).await;
    let declared = announce(&app, "alice", &chat).await.upload.attachment;
    let before = everything(&app);
    let not_uploaded = async || {
        refused!(
            send(&app, "alice", &chat, &declared.id).await,
            ChatError::Refused(SendMessageError::AttachmentNotUploaded)
        );
        assert!(!app.objects.keeps(&declared.id));
    };
    not_uploaded().await;
    let there = |size_bytes, sha256| app.objects.put(&declared.id, StoredObject { size_bytes, sha256 });
    there(declared.size_bytes - 1, Some(declared.sha256.clone()));
    not_uploaded().await;
    there(declared.size_bytes, Some(Sha256Digest::parse("00".repeat(32)).unwrap()));
    not_uploaded().await;
    there(declared.size_bytes, None);
    not_uploaded().await;
    assert_eq!(everything(&app), before);
    there(declared.size_bytes, Some(declared.sha256.clone()));
    send(&app, "alice", &chat, &declared.id).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_upload_can_be_sent_for_a_day() {
    let app = app();
    let chat = private(&app).await;
    for (age, is_sent) in [(UPLOAD_TTL - Duration::from_secs(1), true), (UPLOAD_TTL, false)] {
        let id = uploaded(&app, "alice", &chat).await;
        tokio::time::advance(age).await;
        match is_sent {
            true => assert!(send(&app, "alice", &chat, &id).await.is_ok()),
            false => refused!(
                send(&app, "alice", &chat, &id).await,
                ChatError::Refused(SendMessageError::AttachmentNotFound)
            ),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_is_down_loses_nothing() {
    let app = app();
    let chat = private(&app).await;
    let id = uploaded(&app, "alice", &chat).await;
    app.objects.set_down(true);
    let before = everything(&app);
    refused!(app.create_attachment(picture(&chat, "alice")).await, ChatError::Store(StoreError::Unavailable { .. }));
    refused!(send(&app, "alice", &chat, &id).await, ChatError::Store(StoreError::Unavailable { .. }));
    assert_eq!(everything(&app), before);
    say(&app, "alice", &chat, "A text needs no bucket").await;
    app.objects.set_down(false);
    send(&app, "alice", &chat, &id).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_kept_is_not_sent() {
    let app = app();
    let chat = private(&app).await;
    let id = uploaded(&app, "alice", &chat).await;
    app.objects.set_keep_fails();
    refused!(send(&app, "alice", &chat, &id).await, ChatError::Store(StoreError::Unavailable { .. }));
    assert!(app.store.stored_messages(&chat).is_empty() && !app.objects.keeps(&id));
    // It is there when it is looked at, and gone when it is to be kept.
    app.objects.set_vanishes();
    refused!(send(&app, "alice", &chat, &id).await, ChatError::Refused(SendMessageError::AttachmentNotUploaded));
    assert!(app.store.stored_messages(&chat).is_empty());
    app.objects.put_declared(&upload(&chat, "alice", id.as_str(), app.env.now()).attachment);
    send(&app, "alice", &chat, &id).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_name_is_looked_for_before_bytes_are_missed() {
    let app = app();
    let chat = private(&app).await;
    let first = uploaded(&app, "alice", &chat).await;
    app.send_message(carrying(&chat, "alice", "one", &first)).await.unwrap();
    let never = announce(&app, "alice", &chat).await.upload.attachment.id;
    refused!(
        app.send_message(carrying(&chat, "alice", "one", &never)).await,
        ChatError::Refused(SendMessageError::IdempotencyConflict)
    );
    refused!(
        app.send_message(carrying(&chat, "alice", "two", &never)).await,
        ChatError::Refused(SendMessageError::AttachmentNotUploaded)
    );
}

#[tokio::test(start_paused = true)]
async fn only_those_who_see_the_message_open_it() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    let id = uploaded(&app, "alice", &chat).await;
    send(&app, "alice", &chat, &id).await.unwrap();
    say(&app, "alice", &chat, "And a text").await;
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    let open = async |who, seq| app.get_attachment(&user(who), &chat, Seq(seq)).await;
    assert!(open("bob", 1).await.is_ok());
    refused!(open("mallory", 1).await, ChatError::NotFound);
    refused!(open("dave", 1).await, ChatError::Refused(GetAttachmentError::MessageNotFound));
    refused!(open("bob", 0).await, ChatError::Refused(GetAttachmentError::MessageNotFound));
    refused!(open("bob", 3).await, ChatError::Refused(GetAttachmentError::MessageNotFound));
    refused!(open("bob", 2).await, ChatError::Refused(GetAttachmentError::AttachmentNotFound));
    clear(&app, "bob", &chat).await;
    refused!(open("bob", 1).await, ChatError::Refused(GetAttachmentError::MessageNotFound));
    delete(&app, "carol", &chat, 1, DeleteFor::Me).await.unwrap();
    refused!(open("carol", 1).await, ChatError::Refused(GetAttachmentError::MessageNotFound));
    assert!(open("alice", 1).await.is_ok() && app.objects.has(&id));
    remove(&app, "alice", &chat, "carol").await.unwrap();
    refused!(open("carol", 1).await, ChatError::NotFound);
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_for_everyone_is_removed() {
    let app = app();
    let chat = private(&app).await;
    let id = uploaded(&app, "alice", &chat).await;
    send(&app, "alice", &chat, &id).await.unwrap();
    delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
    assert!(app.objects.has(&id));
    refused!(
        delete(&app, "bob", &chat, 1, DeleteFor::Everyone).await,
        ChatError::Refused(ChangeMessageError::MessageNotFound)
    );
    assert!(app.objects.has(&id));
    // The message is deleted whatever becomes of the object, and deleting it again tries again.
    app.objects.set_down(true);
    let counts = Counts::default();
    let counting = metrics::set_default_local_recorder(&counts);
    let deleted = delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap();
    drop(counting);
    assert_eq!(counts.of("ObjectsNotRemoved"), 1);
    let shown = json(&deleted.message);
    assert!(shown.get("attachment").is_none() && shown["type"] == "image" && shown["deletedBy"] == "alice");
    assert!(!shown.to_string().contains(id.as_str()));
    assert!(app.objects.has(&id));
    refused!(
        app.get_attachment(&user("alice"), &chat, Seq(1)).await,
        ChatError::Refused(GetAttachmentError::MessageNotFound)
    );
    app.objects.set_down(false);
    let again = delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap();
    assert_eq!(json(&again.message), shown);
    assert!(!app.objects.has(&id));
    // It was sent, and stays so.
    app.objects.put_declared(&upload(&chat, "alice", id.as_str(), app.env.now()).attachment);
    refused!(send(&app, "alice", &chat, &id).await, ChatError::Refused(SendMessageError::AttachmentSent));
}

#[tokio::test(start_paused = true)]
async fn a_caption_is_edited_also_to_nothing_and_a_text_is_not() {
    let app = app();
    let chat = private(&app).await;
    let id = uploaded(&app, "alice", &chat).await;
    send(&app, "alice", &chat, &id).await.unwrap();
    for caption in ["The sea", ""] {
        let edited = json(&edit(&app, "alice", &chat, 1, caption).await.unwrap().message);
        assert_eq!((&edited["content"], &edited["attachment"]["attachmentId"]), (&caption.into(), &id.as_str().into()));
    }
    say(&app, "alice", &chat, "Hello").await;
    refused!(edit(&app, "alice", &chat, 2, "  ").await, ChatError::Refused(ChangeMessageError::Blank));
}

#[tokio::test(start_paused = true)]
async fn a_notification_of_a_picture_says_its_caption_or_its_name() {
    let app = app();
    app.push.set_notifying();
    let chat = private(&app).await;
    for (caption, preview) in [("The sea", "The sea"), ("", "holiday.png")] {
        let id = uploaded(&app, "alice", &chat).await;
        let command = SendMessage { content: text(caption), ..carrying(&chat, "alice", "", &id) };
        app.send_message(command).await.unwrap();
        let batches = app.push.take_batches();
        assert_eq!(json(&batches[0][0])["preview"], preview);
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_from_before_there_were_attachments_is_remembered() {
    // The hash of a text is as it was: a repeat of a send that is 30 days old is one.
    let hash = domain::message::body_hash(MessageType::Text, &text("Hello"), None, None, &ids(&["bob"]));
    assert_eq!(hash, "c65a6381e9a1a544b6975b2befb7c8ce39171739b1fa2565c52eb9f663c4aeb4");
    let (one, other) = (AttachmentId::parse("one").unwrap(), AttachmentId::parse("other").unwrap());
    let of = |id| domain::message::body_hash(MessageType::Image, &text(""), Some(id), None, &ids(&[]));
    assert_ne!(of(&one), of(&other));
}

/// That the transaction itself asks for it, the contract's `an_upload_is_sent_once` shows; here, how that is told.
#[tokio::test(start_paused = true)]
async fn two_devices_send_one_upload_at_once() {
    let app = app();
    let chat = private(&app).await;
    let declared = upload(&chat, "alice", "at-once", app.env.now());
    app.store.create_upload(&declared).await.unwrap();
    app.objects.put_declared(&declared.attachment);
    let id = &declared.attachment.id;
    let sends = (0..10).map(|n| app.send_message(carrying(&chat, "alice", &format!("device-{n}"), id)));
    let sent = futures_util::future::join_all(sends).await;
    assert_eq!(sent.iter().filter(|sent| sent.is_ok()).count(), 1);
    for refusal in sent.into_iter().filter_map(Result::err) {
        assert!(matches!(refusal, ChatError::Refused(SendMessageError::AttachmentSent)), "{refusal:?}");
    }
    assert_eq!(app.store.upload(id, app.env.now()).await.unwrap().unwrap().sent_as, Some(Seq(1)));
}
