//! Lists the members of a chat with their users, page by page.

use super::error::ChatError;
use super::get_chat::MemberView;
use super::{App, Caller};
use crate::ids::{ChatId, UserId};
use crate::ports::{Directory, Env, FindMembers, PageMembers, UserStore};
use crate::text::Invalid;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// The most members on a page. Each of them costs a read of their user.
pub(super) const MAX_MEMBERS_PER_PAGE: usize = 100;

/// The last member of a page: the next page begins after them. Opaque to clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MembersCursor(UserId);

impl TryFrom<String> for MembersCursor {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let user = bytes.and_then(|bytes| UserId::parse(String::from_utf8(bytes).ok()?).ok());
        user.map(Self).ok_or_else(|| Invalid::because("must be a cursor of an earlier page"))
    }
}

impl From<MembersCursor> for String {
    fn from(MembersCursor(user): MembersCursor) -> Self {
        URL_SAFE_NO_PAD.encode(user.as_str())
    }
}

/// The request for a page of the members of a chat.
#[derive(Debug, Clone)]
pub struct ListMembers {
    /// Who asks.
    pub caller: Caller,
    /// The chat.
    pub chat: ChatId,
    /// The cursor of the page before; None for the first page.
    pub after: Option<MembersCursor>,
}

/// A page of the members of a chat.
#[derive(Debug, Serialize)]
pub struct MembersPage {
    /// The members with their users, sorted by `userId`.
    pub members: Vec<MemberView>,
    /// The cursor for the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<MembersCursor>,
}

impl<S: FindMembers + PageMembers + UserStore, P, E: Env> App<S, P, E> {
    /// Lists a page of the members. A page has the members of the moment at which it is read: a member who joins or
    /// leaves meanwhile may be on no page.
    ///
    /// # Errors
    /// [`ChatError`].
    pub async fn list_members(
        &self,
        directory: &impl Directory,
        command: ListMembers,
    ) -> Result<MembersPage, ChatError> {
        let ListMembers { caller, chat, after } = command;
        let own = self.store.members_among(&chat, std::slice::from_ref(&caller.user)).await?;
        if own.is_empty() {
            return Err(ChatError::NotFound);
        }
        let after = after.map(|MembersCursor(user)| user);
        // One more than the page has: it says whether there is another page.
        let mut members = self.store.members_after(&chat, after.as_ref(), MAX_MEMBERS_PER_PAGE + 1).await?;
        let has_more = members.len() > MAX_MEMBERS_PER_PAGE;
        members.truncate(MAX_MEMBERS_PER_PAGE);
        let cursor = members.last().filter(|_| has_more).map(|last| MembersCursor(last.user.clone()));
        let ids: Vec<UserId> = members.iter().map(|member| member.user.clone()).collect();
        let mut users = self.load_users(directory, &caller.user, &ids).await?;
        let view = |member| {
            let view = MemberView::new(member);
            MemberView { user: users.remove(&view.user_id), ..view }
        };
        Ok(MembersPage { members: members.into_iter().map(view).collect(), cursor })
    }
}
