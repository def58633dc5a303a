//! Images, files and recordings: declare, upload, send once, download, remove.

use crate::support::*;
use domain::attachment::{DOWNLOAD_URL_TTL, Media, UPLOAD_TTL, UPLOAD_URL_TTL};
use domain::content::MessageType;
use domain::file::{ContentType, Sha256Digest};
use domain::ids::{AttachmentId, ChatId, Seq};
use domain::ports::{CreateUploads as _, Env as _, ReadUploads as _, StoreError, StoredObject};
use domain::use_cases::{
    ChangeMessageError, ChatError, CreateAttachment, CreateAttachmentError, CreatedAttachment, DeleteFor,
    GetAttachmentError, SendMessage, SendMessageError, SendOutcome, UploadError,
};
use std::time::Duration;
use testkit::fixtures::{carrying, message, picture, text, upload, user};
use testkit::{Faults, MemoryStore};

async fn declare(app: &TestApp, who: &str, chat: &ChatId) -> CreatedAttachment {
    app.create_attachment(picture(chat, who)).await.unwrap()
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
async fn picture_is_declared_sent_and_downloaded() {
    let app = app();
    let chat = private_chat(&app).await;
    set_online(&app, &["alice-1", "alice-2", "bob-1"]).await;
    let CreatedAttachment { upload, signed, signed_until } = declare(&app, "alice", &chat).await;
    assert_eq!((&upload.owner, &upload.chat, upload.sent_as), (&user("alice"), &chat, None));
    assert_eq!(upload.expires_at, app.env.now().plus(UPLOAD_TTL));
    assert_eq!(signed_until, app.env.now().plus(UPLOAD_URL_TTL));
    let id = &upload.attachment.id;
    assert!(signed.url.contains(id.as_str()));
    app.objects.put_declared(&upload.attachment);
    let command = SendMessage { content: text("The sea"), ..carrying(&chat, "alice", "", id) };
    let sent = app.send_message(command).await.unwrap();
    assert!(app.objects.keeps(id));
    let frames = assert_pushed(
        &app,
        [("alice-1", "message.created"), ("alice-2", "message.created"), ("bob-1", "message.created")],
    );
    for shown in [&json(&sent.message), &frames[2]["data"], &message_in_page(&app, "bob", &chat, 1).await] {
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
async fn declaration_above_the_limits_is_refused() {
    let app = app();
    let chat = private_chat(&app).await;
    let before = snapshot(&app);
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
        let max = limit.max_bytes;
        let too_large = CreateAttachment { size_bytes: max + 1, ..command.clone() };
        assert_refused!(
            app.create_attachment(too_large).await,
            ChatError::Refused(CreateAttachmentError::TooLarge { limit }) if limit == max
        );
        for other in ["image/svg+xml", "text/html"] {
            let content_type = ContentType::parse(other).unwrap();
            let command = CreateAttachment { content_type, ..command.clone() };
            assert_refused!(app.create_attachment(command).await,
                ChatError::Refused(CreateAttachmentError::ContentType { allowed }) if allowed == limit.content_types);
        }
    }
    assert_eq!(snapshot(&app), before);
    for command in [picture(&chat, "alice"), file(), audio()] {
        let max = app.settings.attachments.of(&command.media).max_bytes;
        app.create_attachment(CreateAttachment { size_bytes: max, ..command }).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn only_participants_of_an_open_chat_can_declare() {
    let app = app();
    let chat = closed_group(&app).await;
    assert_refused!(app.create_attachment(picture(&chat, "mallory")).await, ChatError::NotFound);
    assert_refused!(app.create_attachment(picture(&chat, "bob")).await, ChatError::NotFound);
    assert_refused!(
        app.create_attachment(picture(&chat, "alice")).await,
        ChatError::Refused(CreateAttachmentError::ChatClosed)
    );
}

#[tokio::test(start_paused = true)]
async fn an_attachment_belongs_to_one_message() {
    let app = app();
    let chat = private_chat(&app).await;
    let id = upload_picture(&app, "alice", &chat).await;
    send(&app, "alice", &chat, &id).await.unwrap();
    let before = snapshot(&app);
    assert_refused!(
        send(&app, "alice", &chat, &id).await,
        ChatError::Refused(SendMessageError::Upload(UploadError::Sent))
    );
    assert_refused!(
        app.send_message(carrying(&chat, "alice", "another", &id)).await,
        ChatError::Refused(SendMessageError::Upload(UploadError::Sent))
    );
    assert_eq!(snapshot(&app), before);
    assert_eq!(app.objects.looked(), 1);
}

#[tokio::test(start_paused = true)]
async fn repeat_must_name_the_same_attachment() {
    let app = app();
    let chat = private_chat(&app).await;
    let (id, other) = (upload_picture(&app, "alice", &chat).await, upload_picture(&app, "alice", &chat).await);
    assert!(!app.send_message(carrying(&chat, "alice", "one", &id)).await.unwrap().repeated);
    let repeated = app.send_message(carrying(&chat, "alice", "one", &id)).await.unwrap();
    assert!(repeated.repeated && json(&repeated.message)["attachment"]["attachmentId"] == id.as_str());
    assert_refused!(
        app.send_message(carrying(&chat, "alice", "one", &other)).await,
        ChatError::Refused(SendMessageError::IdempotencyConflict)
    );
    // The refused send did not use up the other upload.
    app.send_message(carrying(&chat, "alice", "two", &other)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn upload_is_checked_once_despite_conflicts() {
    for seed in 0..20 {
        let app = with_store(MemoryStore::with_faults(seed, Faults::default()));
        let chat = private_chat(&app).await;
        let id = upload_picture(&app, "alice", &chat).await;
        app.store.set_faults(Faults { conflict: 60, lost_reply: 40, ..Faults::default() });
        // If the reply of a commit is lost, the repeat finds the send record and does not check the object again.
        let mut tries = 0;
        while app.send_message(carrying(&chat, "alice", "one", &id)).await.is_err() {
            tries += 1;
        }
        let [message] = &app.store.stored_messages(&chat)[..] else { panic!("one message") };
        assert_eq!(message.attachment(), Some(&id));
        assert!((1..=tries + 1).contains(&app.objects.looked()), "{} in {tries}", app.objects.looked());
    }
    let app = app();
    let chat = private_chat(&app).await;
    let id = upload_picture(&app, "alice", &chat).await;
    let (mut retries, mut seed) = (0, 0);
    app.store.set_faults(Faults { conflict: 70, ..Faults::default() });
    while retries == 0 {
        seed += 1;
        let looked = app.objects.looked();
        let again = if seed == 1 { id.clone() } else { upload_picture(&app, "alice", &chat).await };
        if let Ok(sent) = send(&app, "alice", &chat, &again).await {
            retries = sent.retries;
            assert_eq!(app.objects.looked(), looked + 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn upload_of_another_user_chat_or_type_is_refused() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    let other_chat = private_chat(&app).await;
    let id = upload_picture(&app, "alice", &chat).await;
    let before = snapshot(&app);
    assert_refused!(
        send(&app, "bob", &chat, &id).await,
        ChatError::Refused(SendMessageError::Upload(UploadError::NotFound))
    );
    let unknown = AttachmentId::parse("unknown").unwrap();
    assert_refused!(
        send(&app, "alice", &chat, &unknown).await,
        ChatError::Refused(SendMessageError::Upload(UploadError::NotFound))
    );
    assert_refused!(
        send(&app, "alice", &other_chat, &id).await,
        ChatError::Refused(SendMessageError::Upload(UploadError::OfAnotherChat))
    );
    let audio = SendMessage { kind: MessageType::Audio, ..carrying(&chat, "alice", "", &id) };
    assert_refused!(
        app.send_message(audio).await,
        ChatError::Refused(SendMessageError::Upload(UploadError::OfAnotherKind(MessageType::Image)))
    );
    assert_refused!(send(&app, "mallory", &chat, &id).await, ChatError::NotFound);
    let text_with = SendMessage { kind: MessageType::Text, content: text("x"), ..carrying(&chat, "alice", "", &id) };
    assert_refused!(app.send_message(text_with).await, ChatError::Refused(SendMessageError::Kind(MessageType::Text)));
    let image_without = SendMessage { kind: MessageType::Image, ..message(&chat, "alice", "", "x") };
    assert_refused!(
        app.send_message(image_without).await,
        ChatError::Refused(SendMessageError::Kind(MessageType::Image))
    );
    assert_refused!(
        app.send_message(message(&chat, "alice", "", " ")).await,
        ChatError::Refused(SendMessageError::Blank)
    );
    assert_eq!(snapshot(&app), before);
    assert_eq!(app.objects.looked(), 0, "no object is checked for a refused send");
    send(&app, "alice", &chat, &id).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn upload_that_differs_from_its_declaration_is_refused() {
    let app = app();
    let chat = private_chat(&app).await;
    let declared = declare(&app, "alice", &chat).await.upload.attachment;
    let before = snapshot(&app);
    let assert_not_uploaded = async || {
        assert_refused!(
            send(&app, "alice", &chat, &declared.id).await,
            ChatError::Refused(SendMessageError::Upload(UploadError::NotUploaded))
        );
        assert!(!app.objects.keeps(&declared.id));
    };
    assert_not_uploaded().await;
    let put = |size_bytes, sha256| app.objects.put(&declared.id, StoredObject { size_bytes, sha256 });
    put(declared.size_bytes - 1, Some(declared.sha256.clone()));
    assert_not_uploaded().await;
    put(declared.size_bytes, Some(Sha256Digest::parse("00".repeat(32)).unwrap()));
    assert_not_uploaded().await;
    put(declared.size_bytes, None);
    assert_not_uploaded().await;
    assert_eq!(snapshot(&app), before);
    put(declared.size_bytes, Some(declared.sha256.clone()));
    send(&app, "alice", &chat, &declared.id).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_upload_can_be_sent_for_a_day() {
    let app = app();
    let chat = private_chat(&app).await;
    for (age, is_sent) in [(UPLOAD_TTL - Duration::from_secs(1), true), (UPLOAD_TTL, false)] {
        let id = upload_picture(&app, "alice", &chat).await;
        tokio::time::advance(age).await;
        match is_sent {
            true => assert!(send(&app, "alice", &chat, &id).await.is_ok()),
            false => assert_refused!(
                send(&app, "alice", &chat, &id).await,
                ChatError::Refused(SendMessageError::Upload(UploadError::NotFound))
            ),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn send_succeeds_after_the_bucket_is_back() {
    let app = app();
    let chat = private_chat(&app).await;
    let id = upload_picture(&app, "alice", &chat).await;
    app.objects.set_down(true);
    let before = snapshot(&app);
    assert_refused!(
        app.create_attachment(picture(&chat, "alice")).await,
        ChatError::Store(StoreError::Unavailable { .. })
    );
    assert_refused!(send(&app, "alice", &chat, &id).await, ChatError::Store(StoreError::Unavailable { .. }));
    assert_eq!(snapshot(&app), before);
    send_text(&app, "alice", &chat, "A text needs no bucket").await;
    app.objects.set_down(false);
    send(&app, "alice", &chat, &id).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn upload_that_cannot_be_kept_is_not_sent() {
    let app = app();
    let chat = private_chat(&app).await;
    let id = upload_picture(&app, "alice", &chat).await;
    app.objects.set_keep_fails();
    assert_refused!(send(&app, "alice", &chat, &id).await, ChatError::Store(StoreError::Unavailable { .. }));
    assert!(app.store.stored_messages(&chat).is_empty() && !app.objects.keeps(&id));
    // The object exists when it is checked, and is gone when it should be kept.
    app.objects.set_vanishes();
    assert_refused!(
        send(&app, "alice", &chat, &id).await,
        ChatError::Refused(SendMessageError::Upload(UploadError::NotUploaded))
    );
    assert!(app.store.stored_messages(&chat).is_empty());
    app.objects.put_declared(&upload(&chat, "alice", id.as_str(), app.env.now()).attachment);
    send(&app, "alice", &chat, &id).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn idempotency_conflict_comes_before_a_missing_upload() {
    let app = app();
    let chat = private_chat(&app).await;
    let first = upload_picture(&app, "alice", &chat).await;
    app.send_message(carrying(&chat, "alice", "one", &first)).await.unwrap();
    let never = declare(&app, "alice", &chat).await.upload.attachment.id;
    assert_refused!(
        app.send_message(carrying(&chat, "alice", "one", &never)).await,
        ChatError::Refused(SendMessageError::IdempotencyConflict)
    );
    assert_refused!(
        app.send_message(carrying(&chat, "alice", "two", &never)).await,
        ChatError::Refused(SendMessageError::Upload(UploadError::NotUploaded))
    );
}

#[tokio::test(start_paused = true)]
async fn only_users_who_see_the_message_can_download() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    let id = upload_picture(&app, "alice", &chat).await;
    send(&app, "alice", &chat, &id).await.unwrap();
    send_text(&app, "alice", &chat, "And a text").await;
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    let download = async |who, seq| app.get_attachment(&user(who), &chat, Seq(seq)).await;
    assert!(download("bob", 1).await.is_ok());
    assert_refused!(download("mallory", 1).await, ChatError::NotFound);
    assert_refused!(download("dave", 1).await, ChatError::Refused(GetAttachmentError::MessageNotFound));
    assert_refused!(download("bob", 0).await, ChatError::Refused(GetAttachmentError::MessageNotFound));
    assert_refused!(download("bob", 3).await, ChatError::Refused(GetAttachmentError::MessageNotFound));
    assert_refused!(download("bob", 2).await, ChatError::Refused(GetAttachmentError::AttachmentNotFound));
    clear(&app, "bob", &chat).await;
    assert_refused!(download("bob", 1).await, ChatError::Refused(GetAttachmentError::MessageNotFound));
    delete(&app, "carol", &chat, 1, DeleteFor::Me).await.unwrap();
    assert_refused!(download("carol", 1).await, ChatError::Refused(GetAttachmentError::MessageNotFound));
    assert!(download("alice", 1).await.is_ok() && app.objects.has(&id));
    remove(&app, "alice", &chat, "carol").await.unwrap();
    assert_refused!(download("carol", 1).await, ChatError::NotFound);
}

#[tokio::test(start_paused = true)]
async fn deletion_for_everyone_removes_the_object() {
    let app = app();
    let chat = private_chat(&app).await;
    let id = upload_picture(&app, "alice", &chat).await;
    send(&app, "alice", &chat, &id).await.unwrap();
    delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
    assert!(app.objects.has(&id));
    assert_refused!(
        delete(&app, "bob", &chat, 1, DeleteFor::Everyone).await,
        ChatError::Refused(ChangeMessageError::MessageNotFound)
    );
    assert!(app.objects.has(&id));
    // The message is deleted even if its object cannot be removed. Deleting it again retries that.
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
    assert_refused!(
        app.get_attachment(&user("alice"), &chat, Seq(1)).await,
        ChatError::Refused(GetAttachmentError::MessageNotFound)
    );
    app.objects.set_down(false);
    let again = delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap();
    assert_eq!(json(&again.message), shown);
    assert!(!app.objects.has(&id));
    // The upload still counts as sent.
    app.objects.put_declared(&upload(&chat, "alice", id.as_str(), app.env.now()).attachment);
    assert_refused!(
        send(&app, "alice", &chat, &id).await,
        ChatError::Refused(SendMessageError::Upload(UploadError::Sent))
    );
}

#[tokio::test(start_paused = true)]
async fn caption_can_be_emptied_but_text_cannot() {
    let app = app();
    let chat = private_chat(&app).await;
    let id = upload_picture(&app, "alice", &chat).await;
    send(&app, "alice", &chat, &id).await.unwrap();
    for caption in ["The sea", ""] {
        let edited = json(&edit(&app, "alice", &chat, 1, caption).await.unwrap().message);
        assert_eq!((&edited["content"], &edited["attachment"]["attachmentId"]), (&caption.into(), &id.as_str().into()));
    }
    send_text(&app, "alice", &chat, "Hello").await;
    assert_refused!(edit(&app, "alice", &chat, 2, "  ").await, ChatError::Refused(ChangeMessageError::Blank));
}

#[tokio::test(start_paused = true)]
async fn notification_of_a_picture_shows_caption_or_file_name() {
    let app = app();
    app.push.set_notifying();
    let chat = private_chat(&app).await;
    for (caption, preview) in [("The sea", "The sea"), ("", "holiday.png")] {
        let id = upload_picture(&app, "alice", &chat).await;
        let command = SendMessage { content: text(caption), ..carrying(&chat, "alice", "", &id) };
        app.send_message(command).await.unwrap();
        let batches = app.push.take_batches();
        assert_eq!(json(&batches[0][0])["preview"], preview);
    }
}

#[tokio::test(start_paused = true)]
async fn body_hash_of_a_text_does_not_change() {
    // The hash of a text never changes, so that a send record of an older version still matches a repeat.
    let hash = domain::message::body_hash(MessageType::Text, &text("Hello"), None, None, &ids(&["bob"]), None);
    assert_eq!(hash, "c65a6381e9a1a544b6975b2befb7c8ce39171739b1fa2565c52eb9f663c4aeb4");
    let (one, other) = (AttachmentId::parse("one").unwrap(), AttachmentId::parse("other").unwrap());
    let of = |id| domain::message::body_hash(MessageType::Image, &text(""), Some(id), None, &ids(&[]), None);
    assert_ne!(of(&one), of(&other));
}

/// The store contract tests that the transaction sends an upload only once. This tests the answers.
#[tokio::test(start_paused = true)]
async fn concurrent_sends_of_one_upload_store_one_message() {
    let app = app();
    let chat = private_chat(&app).await;
    let declared = upload(&chat, "alice", "at-once", app.env.now());
    app.store.create_upload(&declared).await.unwrap();
    app.objects.put_declared(&declared.attachment);
    let id = &declared.attachment.id;
    let sends = (0..10).map(|n| app.send_message(carrying(&chat, "alice", &format!("device-{n}"), id)));
    let sent = futures_util::future::join_all(sends).await;
    assert_eq!(sent.iter().filter(|sent| sent.is_ok()).count(), 1);
    for refusal in sent.into_iter().filter_map(Result::err) {
        assert!(matches!(refusal, ChatError::Refused(SendMessageError::Upload(UploadError::Sent))), "{refusal:?}");
    }
    assert_eq!(app.store.upload(id, app.env.now()).await.unwrap().unwrap().sent_as, Some(Seq(1)));
}
