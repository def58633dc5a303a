//! The maximum cost of attachments in table calls: to declare, send and download one.

use crate::budgets::{Chatting, app, private, reads, within};
use crate::budgets_of_changes::group;
use domain::ids::{AttachmentId, ChatId, Seq};
use domain::patch::Patch;
use domain::ports::{CreateUploads as _, Env as _};
use domain::use_cases::{ChatError, SendMessageError, UpdateChat, UploadError};
use testkit::fixtures::{carrying, picture, upload, user};

async fn declare(app: &Chatting, chat: &ChatId, who: &str) -> AttachmentId {
    let created = app.create_attachment(picture(chat, who)).await.unwrap();
    app.objects.put_declared(&created.upload.attachment);
    created.upload.attachment.id
}

#[tokio::test]
async fn declaration_writes_two_items() {
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "announce-a", "announce-b").await;
    declare(&app, &chat, "announce-a").await;
    let recorded = calls.take();
    within(&recorded, &["BatchGetItem", "GetItem", "UpdateItem", "PutItem"], 2.0, 3.5);
    reads(&recorded[1], &["UserLimitsTable"], &[]);
    reads(&recorded[0], &["ChatMembersTable", "MessagesTable"], &["ChatsTable"]);
}

#[tokio::test]
async fn send_with_attachment_reads_and_writes_one_more_item() {
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "carry-a", "carry-b").await;
    let id = declare(&app, &chat, "carry-a").await;
    calls.take();
    app.send_message(carrying(&chat, "carry-a", "m-1", &id)).await.unwrap();
    let recorded = calls.take();
    within(&recorded, &["BatchGetItem", "GetItem", "TransactWriteItems", "BatchGetItem"], 10.0, 4.5);
    reads(&recorded[1], &["UploadsTable"], &[]);
    assert_eq!(app.objects.looked(), 1);
    // A second send is refused before the object is looked at and before any write. The send record is looked up.
    let refused = app.send_message(carrying(&chat, "carry-a", "m-2", &id)).await;
    assert!(matches!(refused, Err(ChatError::Refused(SendMessageError::Upload(UploadError::Sent)))), "{refused:?}");
    within(&calls.take(), &["BatchGetItem", "GetItem", "GetItem"], 0.0, 4.5);
    assert_eq!(app.objects.looked(), 1);
}

#[tokio::test]
async fn download_reads_the_caller_and_the_message() {
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "open-a", "open-b").await;
    let id = declare(&app, &chat, "open-a").await;
    app.send_message(carrying(&chat, "open-a", "", &id)).await.unwrap();
    calls.take();
    app.get_attachment(&user("open-b"), &chat, Seq(1)).await.unwrap();
    let recorded = calls.take();
    within(&recorded, &["BatchGetItem", "GetItem"], 0.0, 3.0);
    reads(&recorded[0], &["ChatMembersTable", "MessagesTable"], &[]);
    reads(&recorded[1], &["MessagesTable"], &[]);
}

#[tokio::test]
async fn avatar_costs_a_change_and_its_upload() {
    let (app, calls) = app().await;
    let chat = group(&app, &calls, &["avatar-a", "avatar-b", "avatar-c"]).await;
    // Ids of the other tests here come from the same seed, so this one has its own.
    let declared = upload(&chat, "avatar-a", "avatar-of-a", app.env.now());
    app.store.create_upload(&declared).await.unwrap();
    app.objects.put_declared(&declared.attachment);
    calls.take();
    let avatar = Some(Patch::Set(declared.attachment.id));
    let caller = testkit::fixtures::caller("avatar-a");
    let update = UpdateChat { caller, chat: chat.clone(), name: None, topic: None, custom: None, avatar };
    app.update_chat(update).await.unwrap();
    let change = ["BatchGetItem", "Query", "GetItem", "TransactWriteItems", "BatchGetItem"];
    within(&calls.take(), &change, 10.0, 5.0);
    app.get_avatar(&user("avatar-b"), &chat).await.unwrap();
    within(&calls.take(), &["BatchGetItem"], 0.0, 2.5);
}
