//! The avatars of groups.

use crate::support::*;
use domain::ids::{AttachmentId, ChatId, Seq};
use domain::patch::Patch;
use domain::ports::{Env as _, ReadUploads as _};
use domain::use_cases::{
    ChangeGroupError, ChangedGroup, ChatError, CreateAttachment, GetAttachmentError, SendMessageError, UpdateChat,
    UploadError,
};
use serde_json::json;
use testkit::fixtures::{carrying, picture, user};

async fn set(
    app: &TestApp,
    who: &str,
    chat: &ChatId,
    id: Option<&AttachmentId>,
) -> Result<ChangedGroup, ChatError<ChangeGroupError>> {
    let avatar = Some(id.map_or(Patch::Remove, |id| Patch::Set(id.clone())));
    let (caller, chat) = (by(who), chat.clone());
    app.update_chat(UpdateChat { caller, chat, name: None, topic: None, custom: None, avatar }).await
}

#[tokio::test(start_paused = true)]
async fn avatar_is_set_seen_and_opened_by_participants_alone() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    let id = upload_picture(&app, "alice", &chat).await;
    set_online(&app, &["bob"]).await;
    let shown = json(&set(&app, "alice", &chat, Some(&id)).await.unwrap().chat);
    assert_eq!((&shown["avatar"]["attachmentId"], &shown["avatar"]["width"]), (&json!(id.as_str()), &json!(640)));
    assert_eq!(assert_pushed(&app, [("bob", "chat.updated")])[0]["data"], shown);
    assert!(app.objects.keeps(&id), "the bucket does not expire it");
    assert_eq!(app.store.upload(&id, app.env.now()).await.unwrap().unwrap().sent_as, Some(Seq(0)));
    assert_eq!(json(&app.get_chat(&by("carol"), &chat).await.unwrap())["chat"]["avatar"], shown["avatar"]);
    let download = app.get_avatar(&user("carol"), &chat).await.unwrap();
    assert!(download.attachment.id == id && download.url.contains(id.as_str()));
    assert_refused!(app.get_avatar(&user("eve"), &chat).await, ChatError::NotFound);
    remove(&app, "alice", &chat, "carol").await.unwrap();
    assert_refused!(app.get_avatar(&user("carol"), &chat).await, ChatError::NotFound);
    let private = private_chat(&app).await;
    assert_refused!(
        app.get_avatar(&user("alice"), &private).await,
        ChatError::Refused(GetAttachmentError::AvatarNotFound)
    );
}

#[tokio::test(start_paused = true)]
async fn replaced_or_removed_avatar_leaves_the_bucket() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    let (first, second) = (upload_picture(&app, "alice", &chat).await, upload_picture(&app, "alice", &chat).await);
    set(&app, "alice", &chat, Some(&first)).await.unwrap();
    // The same again changes nothing, and another change keeps it.
    let before = snapshot(&app);
    set(&app, "alice", &chat, Some(&first)).await.unwrap();
    assert_eq!(snapshot(&app), before);
    let renamed = json(&rename(&app, "alice", &chat, "Others").await.unwrap().chat);
    assert!(renamed["avatar"]["attachmentId"] == first.as_str() && app.objects.has(&first));
    set(&app, "alice", &chat, Some(&second)).await.unwrap();
    assert!(!app.objects.has(&first) && app.objects.has(&second));
    assert_refused!(
        set(&app, "alice", &chat, Some(&first)).await,
        ChatError::Refused(ChangeGroupError::Avatar(UploadError::Sent))
    );
    let shown = json(&set(&app, "alice", &chat, None).await.unwrap().chat);
    assert!(shown.get("avatar").is_none() && !app.objects.has(&second));
    assert_refused!(
        app.get_avatar(&user("alice"), &chat).await,
        ChatError::Refused(GetAttachmentError::AvatarNotFound)
    );
    // If the bucket does not answer, the change is stored all the same.
    let third = upload_picture(&app, "alice", &chat).await;
    set(&app, "alice", &chat, Some(&third)).await.unwrap();
    app.objects.set_down(true);
    assert!(json(&set(&app, "alice", &chat, None).await.unwrap().chat).get("avatar").is_none());
}

#[tokio::test(start_paused = true)]
async fn avatar_is_an_uploaded_picture_of_an_admin_for_this_group() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    let other = group(&app, &TEAM).await;
    let (of_bob, elsewhere) = (upload_picture(&app, "bob", &chat).await, upload_picture(&app, "alice", &other).await);
    let declared = app.create_attachment(picture(&chat, "alice")).await.unwrap().upload.attachment.id;
    let file = CreateAttachment {
        media: domain::attachment::Media::File,
        content_type: domain::file::ContentType::parse("application/pdf").unwrap(),
        ..picture(&chat, "alice")
    };
    let file = app.create_attachment(file).await.unwrap().upload.attachment;
    app.objects.put_declared(&file);
    let sent = upload_picture(&app, "alice", &chat).await;
    app.send_message(carrying(&chat, "alice", "", &sent)).await.unwrap();
    let before = snapshot(&app);
    for (id, refusal) in [
        (&AttachmentId::parse("unknown").unwrap(), UploadError::NotFound),
        (&of_bob, UploadError::NotFound),
        (&elsewhere, UploadError::OfAnotherChat),
        (&file.id, UploadError::OfAnotherKind(domain::content::MessageType::File)),
        (&sent, UploadError::Sent),
        (&declared, UploadError::NotUploaded),
    ] {
        assert_refused!(
            set(&app, "alice", &chat, Some(id)).await,
            ChatError::Refused(ChangeGroupError::Avatar(error)) if error == refusal
        );
    }
    assert_refused!(set(&app, "bob", &chat, Some(&of_bob)).await, ChatError::Refused(ChangeGroupError::NotAnAdmin));
    assert_refused!(set(&app, "eve", &chat, Some(&of_bob)).await, ChatError::NotFound);
    assert_eq!(snapshot(&app), before);
    assert!(!app.objects.keeps(&of_bob), "an upload that is refused still expires");
    // And an avatar cannot be sent.
    let avatar = upload_picture(&app, "alice", &chat).await;
    set(&app, "alice", &chat, Some(&avatar)).await.unwrap();
    assert_refused!(
        app.send_message(carrying(&chat, "alice", "", &avatar)).await,
        ChatError::Refused(SendMessageError::Upload(UploadError::Sent))
    );
}
