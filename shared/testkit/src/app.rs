//! The use cases with test doubles: a given store, recorded pushes, and a clock that the test moves.

use crate::memory_bucket::MemoryBucket;
use crate::{RecordingPush, TestEnv};
use domain::App;
use domain::budget::BudgetRate;
use domain::ids::{ChatId, Seq, UserId};
use domain::ports::{
    CommitChanges, CommitMessages, CountMemberships, CreateChats, CreateUploads, Directory, FindBlockers, FindMembers,
    LimitsStore, PageMembers, ReadChats, ReadDeletions, ReadFormerMembers, ReadInbox, ReadListedChats, ReadMessages,
    ReadUploads, Registry, StoreError, UserStore,
};
use domain::recent::Recent;
use domain::use_cases::{
    AddParticipants, AttachmentDownload, Caller, ChangeGroupError, ChangeMessageError, ChangedGroup, ChangedMessage,
    ChatDetails, ChatError, CreateAttachment, CreateAttachmentError, CreateChat, CreateChatError, CreatedAttachment,
    CreatedChat, DeleteMessage, GetAttachmentError, Inbox, ListChats, ListMembers, ListUsers, ListedUsers, MembersPage,
    ProfileError, SendMessage, SendMessageError, SendOutcome, Settings, UpdateChat, UpdateMe, VisibleUser,
};
use std::ops::{Deref, DerefMut};

/// The use cases over a store, with a directory of users and a bucket. The methods here pass both on. The directory
/// `()` looks nobody up.
#[derive(Debug)]
pub struct TestApp<S, D = ()> {
    /// The use cases.
    pub app: App<S, RecordingPush, TestEnv>,
    /// The Auth Service.
    pub directory: D,
    /// The bucket with attachments.
    pub objects: MemoryBucket,
}

/// The default settings, but with budgets and limits that no test reaches.
pub(crate) fn unlimited() -> Settings {
    let many = BudgetRate::per_second(1_000_000_000_000, 1);
    Settings {
        sending: many,
        changes: many,
        new_member_burst: u64::MAX,
        profile_changes: many,
        new_chats: many,
        added_people: many,
        declared_bytes: many,
        max_open_chats: u64::MAX,
        max_memberships: u32::MAX,
        ..Settings::default()
    }
}

/// Creates the use cases over this store, with budgets that no test reaches. A test of a limit sets it.
pub fn app<S, D>(store: S, directory: D) -> TestApp<S, D> {
    let settings = unlimited();
    let (push, env, recent) = (RecordingPush::default(), TestEnv::default(), Recent::default());
    let app = App { store, push, env, settings, recent };
    TestApp { app, directory, objects: MemoryBucket::default() }
}

impl<S, D> Deref for TestApp<S, D> {
    type Target = App<S, RecordingPush, TestEnv>;

    fn deref(&self) -> &Self::Target {
        &self.app
    }
}

impl<S, D> DerefMut for TestApp<S, D> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.app
    }
}

impl<S: ReadChats + CreateChats + LimitsStore + CountMemberships + FindBlockers + Registry, D: Directory>
    TestApp<S, D>
{
    /// See [`App::create_chat`].
    ///
    /// # Errors
    /// Those of [`App::create_chat`].
    pub async fn create_chat(&self, command: CreateChat) -> Result<CreatedChat, ChatError<CreateChatError>> {
        self.app.create_chat(&self.directory, command).await
    }
}

impl<S: ReadChats + CommitChanges + LimitsStore + CountMemberships + FindBlockers + Registry, D: Directory>
    TestApp<S, D>
{
    /// See [`App::add_participants`].
    ///
    /// # Errors
    /// Those of [`App::add_participants`].
    pub async fn add_participants(
        &self,
        command: AddParticipants,
    ) -> Result<ChangedGroup, ChatError<ChangeGroupError>> {
        self.app.add_participants(&self.directory, command).await
    }
}

impl<S: ReadChats + ReadDeletions + ReadFormerMembers + CommitChanges + Registry, D> TestApp<S, D> {
    /// See [`App::delete_message`].
    ///
    /// # Errors
    /// Those of [`App::delete_message`].
    pub async fn delete_message(
        &self,
        command: DeleteMessage,
    ) -> Result<ChangedMessage, ChatError<ChangeMessageError>> {
        self.app.delete_message(&self.objects, command).await
    }
}

impl<S: ReadChats + ReadDeletions + ReadInbox + ReadMessages + UserStore, D: Directory> TestApp<S, D> {
    /// See [`App::list_chats`].
    ///
    /// # Errors
    /// Those of [`App::list_chats`].
    pub async fn list_chats(&self, command: ListChats) -> Result<Inbox, StoreError> {
        self.app.list_chats(&self.directory, command).await
    }
}

impl<S: ReadChats + ReadDeletions + ReadFormerMembers + UserStore, D: Directory> TestApp<S, D> {
    /// See [`App::get_chat`].
    ///
    /// # Errors
    /// Those of [`App::get_chat`].
    pub async fn get_chat(&self, caller: &Caller, chat: &ChatId) -> Result<ChatDetails, ChatError> {
        self.app.get_chat(&self.directory, caller, chat).await
    }
}

impl<S: FindMembers + PageMembers + UserStore, D: Directory> TestApp<S, D> {
    /// See [`App::list_members`].
    ///
    /// # Errors
    /// Those of [`App::list_members`].
    pub async fn list_members(&self, command: ListMembers) -> Result<MembersPage, ChatError> {
        self.app.list_members(&self.directory, command).await
    }
}

impl<S: FindMembers + ReadFormerMembers + UserStore, D: Directory> TestApp<S, D> {
    /// See [`App::list_users`].
    ///
    /// # Errors
    /// Those of [`App::list_users`].
    pub async fn list_users(&self, command: ListUsers) -> Result<ListedUsers, ChatError> {
        self.app.list_users(&self.directory, command).await
    }
}

impl<S: ReadInbox + UserStore + ReadListedChats + Registry, D: Directory> TestApp<S, D> {
    /// See [`App::me`].
    ///
    /// # Errors
    /// Those of [`App::me`].
    pub async fn me(&self, caller: &Caller) -> Result<VisibleUser, ProfileError> {
        self.app.me(&self.directory, caller).await
    }

    /// See [`App::update_me`].
    ///
    /// # Errors
    /// Those of [`App::update_me`].
    pub async fn update_me(&self, command: &UpdateMe) -> Result<VisibleUser, ProfileError> {
        self.app.update_me(&self.directory, command).await
    }

    /// See [`App::user`].
    ///
    /// # Errors
    /// Those of [`App::user`].
    pub async fn user(&self, caller: &Caller, id: &UserId) -> Result<VisibleUser, ProfileError> {
        self.app.user(&self.directory, caller, id).await
    }
}

impl<S, D> TestApp<S, D>
where
    S: ReadChats
        + ReadDeletions
        + ReadFormerMembers
        + ReadMessages
        + ReadUploads
        + CommitMessages
        + Registry
        + UserStore,
{
    /// See [`App::send_message`].
    ///
    /// # Errors
    /// Those of [`App::send_message`].
    pub async fn send_message(&self, command: SendMessage) -> Result<SendOutcome, ChatError<SendMessageError>> {
        self.app.send_message(&self.objects, command).await
    }
}

impl<S: ReadChats + LimitsStore + CreateUploads, D> TestApp<S, D> {
    /// See [`App::create_attachment`].
    ///
    /// # Errors
    /// Those of [`App::create_attachment`].
    pub async fn create_attachment(
        &self,
        command: CreateAttachment,
    ) -> Result<CreatedAttachment, ChatError<CreateAttachmentError>> {
        self.app.create_attachment(&self.objects, command).await
    }
}

impl<S: ReadChats + ReadUploads + CommitChanges + Registry, D> TestApp<S, D> {
    /// See [`App::update_chat`].
    ///
    /// # Errors
    /// Those of [`App::update_chat`].
    pub async fn update_chat(&self, command: UpdateChat) -> Result<ChangedGroup, ChatError<ChangeGroupError>> {
        self.app.update_chat(&self.objects, command).await
    }
}

impl<S: ReadChats + ReadMessages, D> TestApp<S, D> {
    /// See [`App::get_avatar`].
    ///
    /// # Errors
    /// Those of [`App::get_avatar`].
    pub async fn get_avatar(
        &self,
        user: &UserId,
        chat: &ChatId,
    ) -> Result<AttachmentDownload, ChatError<GetAttachmentError>> {
        self.app.get_avatar(&self.objects, user, chat).await
    }

    /// See [`App::get_attachment`].
    ///
    /// # Errors
    /// Those of [`App::get_attachment`].
    pub async fn get_attachment(
        &self,
        user: &UserId,
        chat: &ChatId,
        seq: Seq,
    ) -> Result<AttachmentDownload, ChatError<GetAttachmentError>> {
        self.app.get_attachment(&self.objects, user, chat, seq).await
    }
}
