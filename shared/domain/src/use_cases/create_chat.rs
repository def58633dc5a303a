//! Creates a chat: a private chat, of which two users have exactly one, or a group.

use super::error::{ChatError, Refusal};
use super::existence::unknown_users;
use super::state::{ChatReader, ChatState, Found};
use super::{App, Caller, Settings};
use crate::budget::RateLimited;
use crate::chat::{Chat, ChatView, Head, MAX_DOCUMENT_BYTES};
use crate::custom::Custom;
use crate::event::Event;
use crate::ids::{ChatId, ClientChatId, Rev, Seq, UserId, digest};
use crate::member::Floor;
use crate::meter::PushReport;
use crate::names::{ChatName, Topic};
use crate::ports::{
    CountMemberships, CreateChats, Creation, Directory, DirectoryError, Env, FindBlockers, LimitsStore, Push,
    ReadChats, Registry,
};
use crate::retry::Retry;
use crate::user_limits::{LimitsChange, UserLimits};
use std::collections::BTreeSet;

/// The most participants besides the creator in a request to create a group. All member items, the chat, its head and
/// the creator's limits are one transaction, which holds at most 100 items: 93 at most.
const MAX_OTHER_PARTICIPANTS: usize = 89;

/// The request to create a chat.
#[derive(Debug, Clone)]
pub struct CreateChat {
    /// The creator, who is always a participant.
    pub caller: Caller,
    /// The kind of chat and its participants.
    pub chat: NewChat,
}

/// A valid description of a new chat. [`NewChat::private`] and [`NewChat::group`] check it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChat(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Private {
        other: UserId,
    },
    Group {
        others: BTreeSet<UserId>,
        name: ChatName,
        topic: Option<Topic>,
        custom: Option<Custom>,
        client_id: Option<ClientChatId>,
    },
}

impl NewChat {
    /// The private chat of `creator` and the one other user in `named`.
    ///
    /// # Errors
    /// [`CreateChatError::Participants`] unless `named` has exactly one other user.
    pub fn private(creator: &UserId, named: &[UserId]) -> Result<Self, CreateChatError> {
        Ok(Self(Kind::Private { other: peer(creator, named)? }))
    }

    /// A group of `creator` and the users in `named`.
    ///
    /// # Errors
    /// [`CreateChatError::Participants`] if `named` has fewer than two other users,
    /// [`CreateChatError::TooManyParticipants`] if it has too many.
    pub fn group(
        creator: &UserId,
        named: &[UserId],
        name: ChatName,
        client_id: Option<ClientChatId>,
    ) -> Result<Self, CreateChatError> {
        let others = group_members(creator, named)?;
        Ok(Self(Kind::Group { others, name, topic: None, custom: None, client_id }))
    }

    /// The same group with this topic and this custom data. A private chat has neither, and stays as it is.
    #[must_use]
    pub fn with_details(mut self, new_topic: Option<Topic>, new_custom: Option<Custom>) -> Self {
        if let Self(Kind::Group { topic, custom, .. }) = &mut self {
            (*topic, *custom) = (new_topic, new_custom);
        }
        self
    }

    /// Checks the users in `named` alone: the same errors as of [`group`](Self::group) or [`private`](Self::private).
    ///
    /// # Errors
    /// [`CreateChatError`] that names the participants.
    pub fn check_participants(creator: &UserId, named: &[UserId], is_group: bool) -> Result<(), CreateChatError> {
        if is_group { group_members(creator, named).map(drop) } else { peer(creator, named).map(drop) }
    }
}

/// The one user in `named` besides the creator.
fn peer(creator: &UserId, named: &[UserId]) -> Result<UserId, CreateChatError> {
    let mut others = others(creator, named)?.into_iter();
    match (others.next(), others.next()) {
        (Some(other), None) => Ok(other),
        (None, _) => Err(CreateChatError::Participants("must name another user: nobody chats with themselves".into())),
        _ => Err(CreateChatError::Participants("must name exactly one other user, as isGroup is false".into())),
    }
}

/// The users in `named` besides the creator, enough for a group and not too many.
fn group_members(creator: &UserId, named: &[UserId]) -> Result<BTreeSet<UserId>, CreateChatError> {
    let others = others(creator, named)?;
    match others.len() {
        0 | 1 => Err(CreateChatError::Participants("must name at least two other users, as isGroup is true".into())),
        2..=MAX_OTHER_PARTICIPANTS => Ok(others),
        _ => Err(CreateChatError::TooManyParticipants { limit: MAX_OTHER_PARTICIPANTS }),
    }
}

/// The users in `named` without the creator. An error if a user is named twice.
fn others(creator: &UserId, named: &[UserId]) -> Result<BTreeSet<UserId>, CreateChatError> {
    let mut others = BTreeSet::new();
    for user in named.iter().filter(|user| *user != creator) {
        if !others.insert(user.clone()) {
            return Err(CreateChatError::Participants(format!("names {user} twice")));
        }
    }
    Ok(others)
}

/// The created or existing chat.
#[derive(Debug)]
pub struct CreatedChat {
    /// The chat as the caller sees it.
    pub chat: ChatView,
    /// Whether this request created it.
    pub is_new: bool,
    /// The results of the posts; all zero for an existing chat.
    pub pushed: PushReport,
}

/// Why a new chat is refused.
#[derive(Debug, thiserror::Error)]
pub enum CreateChatError {
    /// The list of participants breaks this rule.
    #[error("participants: {0}")]
    Participants(String),
    /// The request names too many participants.
    #[error("more than {limit} other participants")]
    TooManyParticipants {
        /// The most participants besides the creator.
        limit: usize,
    },
    /// The caller created a group with the same client chat id from another request.
    #[error("the client chat id was used for another group")]
    IdempotencyConflict,
    /// These users do not exist.
    #[error("users do not exist")]
    UnknownUsers(Vec<UserId>),
    /// These users are in so many chats that nobody can put them into another one.
    #[error("users are in too many chats")]
    UsersInTooManyChats {
        /// The users.
        users: Vec<UserId>,
        /// The most chats into which others can put a user.
        limit: u32,
    },
    /// The other user of the private chat blocks the caller.
    #[error("blocked")]
    Blocked,
    /// The caller blocks the other user of the private chat.
    #[error("blocked by the caller")]
    BlockedByYou,
    /// At least one of the users cannot be put into a chat by the caller. The caller does not learn which.
    #[error("users cannot be added")]
    CannotBeAdded,
    /// The caller has too many chats that they made and that are not closed.
    #[error("more than {limit} open chats")]
    TooManyOpenChats {
        /// The most open chats.
        limit: u64,
    },
    /// The caller makes chats too fast.
    #[error(transparent)]
    CreatingTooFast(RateLimited),
    /// The caller adds people to chats too fast.
    #[error(transparent)]
    AddingTooFast(RateLimited),
    /// The Auth Service did not say whether the participants exist.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl Refusal for CreateChatError {}

impl<S, P, E> App<S, P, E>
where
    S: ReadChats + CreateChats + LimitsStore + CountMemberships + FindBlockers + Registry,
    P: Push,
    E: Env,
{
    /// Creates a chat, or returns the existing one. That takes nothing from the caller's limits.
    ///
    /// # Errors
    /// [`ChatError`] and [`CreateChatError`].
    pub async fn create_chat(
        &self,
        directory: &impl Directory,
        command: CreateChat,
    ) -> Result<CreatedChat, ChatError<CreateChatError>> {
        let CreateChat { caller, chat } = command;
        let now = self.env.now();
        let chat = self.plan_chat(&caller.user, chat);
        // A group without a client chat id is always new. An existing chat is returned even if its participants no
        // longer exist, the Auth Service does not answer, or the caller's limits are used up.
        if (!chat.is_group || chat.request_hash.is_some())
            && let Some(existing) = self.load_existing(&caller.user, &chat).await?
        {
            return Ok(existing);
        }
        let others: Vec<_> = chat.participants.iter().filter(|user| **user != caller.user).cloned().collect();
        // The limits come first: who has used them up causes no further reads.
        let mut limits = self.plan_limits(self.store.limits(&caller.user).await?, &caller.user, others.len())?;
        let unknown = unknown_users(directory, &others).await.map_err(CreateChatError::from)?;
        if !unknown.is_empty() {
            return Err(CreateChatError::UnknownUsers(unknown).into());
        }
        // What was read about people is paid for, or somebody could ask for it without end.
        let pay = async || {
            let paid = self.spend_people(&caller.user, others.len()).await;
            paid.map_err(|error| error.map_refusal(CreateChatError::AddingTooFast))
        };
        // In a private chat, the transaction looks for a block.
        if chat.is_group && self.store.is_blocked_by_any(&caller.user, &others).await? {
            pay().await?;
            return Err(CreateChatError::CannotBeAdded.into());
        }
        let users = self.users_in_too_many_chats(&others).await?;
        if !users.is_empty() {
            pay().await?;
            return Err(CreateChatError::UsersInTooManyChats { users, limit: self.settings.max_memberships }.into());
        }
        let head = Head::new(u32::try_from(chat.participants.len()).unwrap_or(u32::MAX), now);
        let new_member = |user: &UserId| self.settings.new_member(user.clone(), Seq(0), now);
        let members: Vec<_> = chat.participants.iter().map(new_member).collect();
        let participants: Vec<_> = chat.participants.iter().cloned().collect();

        let mut retry = Retry::new(&self.env);
        loop {
            match self.store.create_chat(&chat, &head, &members, &limits).await? {
                Creation::Created => break,
                Creation::Exists => {
                    let existing = self.load_existing(&caller.user, &chat).await?;
                    return existing.ok_or(ChatError::NotFound);
                }
                Creation::Blocked { by_creator } => {
                    pay().await?;
                    let refusal = if by_creator { CreateChatError::BlockedByYou } else { CreateChatError::Blocked };
                    return Err(refusal.into());
                }
                Creation::Conflict if retry.again().await => {
                    limits = self.plan_limits(self.store.limits(&caller.user).await?, &caller.user, others.len())?;
                }
                Creation::Conflict => return Err(ChatError::Busy),
            }
        }
        let view = ChatView::new(&chat, &head, Floor::default());
        let audience = self.load_audience(&participants).await;
        let pushed = self.push(&audience, caller.connection.as_ref(), &Event::chat_created(view.clone())).await;
        Ok(CreatedChat { chat: view, is_new: true, pushed })
    }

    fn plan_chat(&self, creator: &UserId, NewChat(kind): NewChat) -> Chat {
        let created_at = self.env.now();
        let chat_of = |id: ChatId, mut participants: BTreeSet<UserId>| {
            participants.insert(creator.clone());
            Chat {
                id,
                is_group: false,
                name: None,
                topic: None,
                custom: None,
                avatar: None,
                participants,
                admins: BTreeSet::new(),
                created_by: creator.clone(),
                created_at,
                members_rev: Rev(0),
                closed_at: None,
                blocked_by: BTreeSet::new(),
                request_hash: None,
            }
        };
        match kind {
            Kind::Private { other } => chat_of(ChatId::private(creator, &other), BTreeSet::from([other])),
            Kind::Group { others, name, topic, custom, client_id } => {
                let request_hash = client_id.as_ref().map(|_| request_hash(&others, &name, &topic, &custom));
                let id =
                    client_id.map_or_else(|| self.random_id(), |client_id| ChatId::of_request(creator, &client_id));
                let admins = BTreeSet::from([creator.clone()]);
                Chat { is_group: true, name: Some(name), topic, custom, admins, request_hash, ..chat_of(id, others) }
            }
        }
    }

    /// Takes one chat and `people` from the creator's limits.
    fn plan_limits(
        &self,
        limits: UserLimits,
        creator: &UserId,
        people: usize,
    ) -> Result<LimitsChange, CreateChatError> {
        let Settings { new_chats, added_people, max_open_chats: limit, .. } = self.settings;
        if limits.open_chats >= limit {
            return Err(CreateChatError::TooManyOpenChats { limit });
        }
        let now = self.env.now();
        let people = u64::try_from(people).unwrap_or(u64::MAX);
        let chats = new_chats.spend(limits.new_chats, 1, now).map_err(CreateChatError::CreatingTooFast)?;
        let added = added_people.spend(limits.added_people, people, now).map_err(CreateChatError::AddingTooFast)?;
        Ok(LimitsChange { new_chats: Some(chats), added_people: Some(added), ..LimitsChange::of(creator.clone()) })
    }

    fn random_id(&self) -> ChatId {
        let mut randomness = [0; 10];
        self.env.randomness(&mut randomness);
        ChatId::random(self.env.now(), randomness)
    }

    /// Loads the chat if it exists already. Nothing is pushed: the participants got the event at its creation, or sync
    /// when they connect.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if it exists and the creator has left it.
    async fn load_existing(
        &self,
        creator: &UserId,
        planned: &Chat,
    ) -> Result<Option<CreatedChat>, ChatError<CreateChatError>> {
        let mut retry = Retry::new(&self.env);
        let found = ChatReader::new(&self.store, &mut retry, &planned.id).find(creator, None).await?;
        let ChatState { chat, head, member, .. } = match found {
            Found::Nothing => return Ok(None),
            Found::NotAMember => return Err(ChatError::NotFound),
            Found::Chat(state) => *state,
        };
        if chat.request_hash != planned.request_hash {
            return Err(CreateChatError::IdempotencyConflict.into());
        }
        Ok(Some(CreatedChat {
            chat: ChatView::new(&chat, &head, member.floor()).limited(MAX_DOCUMENT_BYTES),
            is_new: false,
            pushed: PushReport::default(),
        }))
    }
}

/// The hash of a request for a group, which tells a repeat from another request with the same client chat id.
fn request_hash(others: &BTreeSet<UserId>, name: &ChatName, topic: &Option<Topic>, custom: &Option<Custom>) -> String {
    let others = others.iter().map(UserId::as_str);
    if topic.is_none() && custom.is_none() {
        let parts: Vec<&str> = std::iter::once(name.as_str()).chain(others).collect();
        return digest("group request", &parts);
    }
    // Neither a topic nor custom data is ever the empty text.
    let topic = topic.as_ref().map_or("", Topic::as_str);
    let custom = custom.as_ref().map_or("", Custom::as_str);
    let parts: Vec<&str> = [name.as_str(), topic, custom].into_iter().chain(others).collect();
    digest("group request with details", &parts)
}
