//! Members' views of their chats, and the list of a user's muted and pinned chats.

use super::{MemoryStore, State};
use domain::ids::{ChatId, UserId};
use domain::member_settings::ListedChats;
use domain::ports::{CommitSettings, ReadListedChats, SettingsCommit, StoreError};

impl ReadListedChats for MemoryStore {
    async fn listed_chats(&self, user: &UserId) -> Result<ListedChats, StoreError> {
        self.read(|state| state.listed_chats.get(user).cloned().unwrap_or_default()).await
    }
}

impl CommitSettings for MemoryStore {
    async fn commit_settings(&self, commit: &SettingsCommit) -> Result<bool, StoreError> {
        let SettingsCommit { chat, before, after, listed } = commit;
        self.transact(false, |state| {
            let rev = state.listed_chats.get(&after.user).map_or(0, |listed| listed.rev);
            let Some(member) = state.members.get_mut(&(chat.clone(), after.user.clone())) else { return false };
            let is_unchanged = member.joined_at == before.joined_at && member.member_rev == before.member_rev;
            if !is_unchanged || listed.as_ref().is_some_and(|listed| listed.rev != rev + 1) {
                return false;
            }
            member.settings = after.settings;
            member.is_marked_unread = after.is_marked_unread;
            member.member_rev = after.member_rev;
            if let Some(listed) = listed {
                state.listed_chats.insert(after.user.clone(), listed.clone());
            }
            true
        })
        .await
    }
}

impl State {
    /// Removes the chat from the user's muted and pinned chats.
    pub(super) fn unlist_chat(&mut self, chat: &ChatId, user: &UserId) {
        let listed = self.listed_chats.get_mut(user).expect("a user who muted or pinned a chat has a list");
        listed.rev += 1;
        listed.mutes.remove(chat);
        listed.pinned.remove(chat);
    }
}
