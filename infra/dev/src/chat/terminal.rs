//! The conversation with a person: keys and updates go in, the screen and requests come out.

use super::command::{Command, parse};
use super::draw;
use super::files;
use super::in_words;
use super::names;
use super::view::View;
use crate::Error;
use crate::screen::Screen;
use client::documents::ChatId;
use client::draft::{Draft, NewChat};
use client::events::{Event as ChatEvent, TypingState};
use client::{Client, Task, Update, Updates, call};
use jiff::Timestamp;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Somebody who types says so once in this time.
const TYPING_INTERVAL: Duration = Duration::from_secs(3);
/// How many older messages are asked for at once.
const OLDER_PAGE_SIZE: u32 = 50;
/// How soon they are asked for again: at once would be for ever where none come.
const OLDER_RETRY_WAIT: Duration = Duration::from_millis(200);
const OLDER_ERROR_WAIT: Duration = Duration::from_secs(5);
/// How often the screen is drawn though nothing happens: who types is shown for a while.
const REDRAW_INTERVAL: Duration = Duration::from_millis(500);

/// What became of a request.
enum Done {
    Chat(ChatId),
    Said(String),
    Failed(String),
    /// Older messages came, or did not for a reason.
    Older(Option<String>),
}

/// Shows a client's chats until the person, or `stop`, ends it.
///
/// # Errors
/// There is no terminal.
pub async fn show(
    client: Client,
    mut updates: Updates,
    stop: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    let mut screen = Screen::take()?;
    let (done, mut dones) = mpsc::unbounded_channel();
    let view = View::new(client.link());
    let mut chat = Chat {
        client,
        view,
        done,
        typed_at: None,
        is_typing: false,
        older_at: Some(Instant::now()),
        size: Rect::default(),
    };
    let mut stop = std::pin::pin!(stop);
    let (client, me) = (chat.client.clone(), chat.client.read(|state| state.me().to_owned()));
    chat.ask(async move { client.meet(&me).await.map(|_| None) });
    loop {
        chat.keep_up();
        let unsent = chat.client.unsent();
        let (client, view) = (&chat.client, &mut chat.view);
        let moment = (Instant::now(), &*Timestamp::now().to_string());
        let mut size = Rect::default();
        // The client goes on while the terminal takes it.
        screen.draw(|frame| {
            size = frame.area();
            client.read(|state| draw::draw(frame, state, view, &unsent, moment));
        })?;
        chat.size = size;
        tokio::select! {
            asked = &mut stop => return asked,
            event = screen.next() => if chat.typed(event?) { return Ok(()) },
            update = updates.next() => match update {
                Some(update) => chat.told(update),
                None => return Ok(()),
            },
            Some(done) = dones.recv() => chat.finished(done),
            () = tokio::time::sleep(REDRAW_INTERVAL) => {}
        }
    }
}

struct Chat {
    client: Client,
    view: View,
    done: mpsc::UnboundedSender<Done>,
    /// When typing was last told, and in which chat.
    typed_at: Option<(Instant, ChatId)>,
    /// Others are shown that this user types there.
    is_typing: bool,
    /// Older messages are not asked for before this; None while they are.
    older_at: Option<Instant>,
    size: Rect,
}

impl Chat {
    /// Asks for what the screen lacks, and says what was seen.
    fn keep_up(&mut self) {
        if self.view.chat.is_none()
            && let Some(first) = self.client.read(|state| self.view.neighbour(state, 0))
        {
            self.choose(first);
        }
        // A chat that was left is shown no more.
        let is_gone = |chat: &ChatId| self.client.read(|state| state.chat(chat).is_none());
        if self.view.chat.as_ref().is_some_and(is_gone) {
            self.view.chat = None;
        }
        let now_seen = self.client.read(|state| self.view.now_seen(state));
        if let Some((chat, seq)) = now_seen {
            let client = self.client.clone();
            self.ask(async move { client.mark_seen(&chat, seq).await.map(|_| None) });
        }
        let wanted = draw::height(self.size) + self.view.up;
        let lacks = self.view.chat.clone().filter(|chat| {
            self.client
                .read(|state| state.chat(chat).is_some_and(|held| held.has_older() && held.messages().count() < wanted))
        });
        let may_ask = self.older_at.is_some_and(|at| at <= Instant::now()) && self.size.height > 0;
        if let Some(chat) = lacks.filter(|_| may_ask) {
            self.older_at = None;
            let client = self.client.clone();
            self.ask(async move {
                let asked = client.older(&chat, OLDER_PAGE_SIZE).await;
                Ok(Some(Done::Older(asked.err().map(|error| in_words(&error)))))
            });
        }
    }

    fn choose(&mut self, chat: ChatId) {
        self.stop_typing();
        self.view.choose(chat.clone());
        // Of the other one of a private chat, what the Auth Service calls them is told in no event.
        let unknown = self.client.read(|state| {
            let other = names::other(state, state.chat(&chat)?.chat())?;
            state.person(other).is_none_or(|person| person.profile.is_none()).then(|| other.to_owned())
        });
        let client = self.client.clone();
        self.ask(async move {
            client.open(&[chat]).await?;
            if let Some(user) = unknown {
                client.meet(&user).await?;
            }
            Ok(None)
        });
    }

    /// Asks beside what the person does meanwhile.
    fn ask(&self, asking: impl Future<Output = Result<Option<Done>, client::Error>> + Send + 'static) {
        let done = self.done.clone();
        tokio::spawn(async move {
            let result = match asking.await {
                Ok(result) => result,
                Err(error) => Some(Done::Failed(in_words(&error))),
            };
            // Whoever has ended does not care any more.
            let _ = result.map(|result| done.send(result));
        });
    }

    fn finished(&mut self, done: Done) {
        match done {
            Done::Chat(chat) => self.choose(chat),
            Done::Said(text) => self.view.say(text),
            Done::Failed(text) => self.view.complain(text),
            Done::Older(None) => self.older_at = Some(Instant::now() + OLDER_RETRY_WAIT),
            Done::Older(Some(text)) => {
                self.older_at = Some(Instant::now() + OLDER_ERROR_WAIT);
                self.view.complain(text);
            }
        }
    }

    fn told(&mut self, update: Update) {
        match update {
            Update::Connection(link) => self.view.linked(link),
            Update::Event(ChatEvent::Typing { chat_id, data }) => self.view.typing(&chat_id, &data, Instant::now()),
            Update::Event(ChatEvent::MessageCreated { chat_id, data, .. }) => {
                self.view.said(&chat_id, &data.sender_id);
            }
            Update::NotSent { unsent, error } => {
                self.view.complain(format!("not sent: \"{}\": {}", files::draft(&unsent.draft), in_words(&error)));
            }
            Update::Failed { task: Task::CatchUp, error } => self.view.behind = Some(in_words(&error)),
            Update::CaughtUp => self.view.behind = None,
            // The connection is there. Should it end before it is renewed, that is told.
            Update::Failed { task: Task::Renew, .. } => {}
            Update::Event(_) | Update::Sent { .. } => {}
        }
    }

    /// True if that was the last.
    fn typed(&mut self, event: Event) -> bool {
        match event {
            Event::Key(key) if key.is_press() => self.key(key),
            Event::Paste(text) => {
                self.view.input.insert_str(text);
                false
            }
            _ => false,
        }
    }

    fn key(&mut self, key: KeyEvent) -> bool {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if ctrl => return true,
            KeyCode::Esc => {
                self.view.shows_help = false;
                self.view.notice = None;
            }
            KeyCode::Tab | KeyCode::BackTab => {
                let steps = if key.code == KeyCode::Tab { 1 } else { -1 };
                if let Some(chat) = self.client.read(|state| self.view.neighbour(state, steps)) {
                    self.choose(chat);
                }
            }
            KeyCode::PageUp => self.view.up += draw::height(self.size).div_ceil(2).max(1),
            KeyCode::PageDown => {
                self.view.up = self.view.up.saturating_sub(draw::height(self.size).div_ceil(2).max(1));
            }
            KeyCode::Enter if key.modifiers.contains(KeyModifiers::ALT) => self.view.input.insert_newline(),
            KeyCode::Enter => return self.enter(),
            _ => {
                if self.view.input.input(key) {
                    self.typing();
                }
            }
        }
        false
    }

    /// Says that the person types, at most once in a while.
    fn typing(&mut self) {
        let is_text = self.view.input.lines().first().is_some_and(|line| !line.is_empty() && !line.starts_with('/'));
        let Some(chat) = self.view.chat.clone() else { return };
        let now = Instant::now();
        let is_told = self.typed_at.as_ref().is_some_and(|(at, told)| *told == chat && now < *at + TYPING_INTERVAL);
        if !is_text {
            self.stop_typing();
        } else if !is_told {
            self.typed_at = Some((now, chat.clone()));
            self.is_typing = true;
            self.hint(chat, TypingState::Start);
        }
    }

    fn stop_typing(&mut self) {
        if let Some((_, chat)) = self.typed_at.clone().filter(|_| std::mem::take(&mut self.is_typing)) {
            self.hint(chat, TypingState::Stop);
        }
    }

    /// A hint that is lost is no fault.
    fn hint(&self, chat: ChatId, state: TypingState) {
        let client = self.client.clone();
        tokio::spawn(async move { client.typing(&chat, state).await.ok() });
    }

    /// True if that was the last.
    fn enter(&mut self) -> bool {
        let line = self.view.take_input();
        self.view.notice = None;
        if line.trim().is_empty() {
            return false;
        }
        match parse(&line) {
            Ok(Command::Quit) => return true,
            Ok(command) => self.perform(command),
            Err(wrong) => {
                self.view.complain(wrong);
                // To be mended, not typed again.
                self.view.input.insert_str(line);
            }
        }
        false
    }

    fn perform(&mut self, command: Command) {
        let client = self.client.clone();
        match command {
            Command::Help => self.view.shows_help = true,
            Command::Quit => {}
            Command::Private(user) => self
                .ask(async move { Ok(Some(Done::Chat(client.create_chat(&NewChat::private(&user)).await?.chat_id))) }),
            Command::Group(name, users) => self.ask(async move {
                let new = NewChat { participants: users, is_group: true, name: Some(name), client_chat_id: None };
                Ok(Some(Done::Chat(client.create_chat(&new).await?.chat_id)))
            }),
            Command::Nickname(name) => self.ask(async move {
                let user = client.rename_me(&name).await?;
                Ok(Some(Done::Said(format!("you are {} now", user.nickname))))
            }),
            command => match self.view.chat.clone() {
                Some(chat) => self.in_chat(chat, command),
                None => self.view.complain("no chat is shown: Tab chooses one, /new USER opens one"),
            },
        }
    }

    fn in_chat(&mut self, chat: ChatId, command: Command) {
        let client = self.client.clone();
        match command {
            Command::Say(text) => self.say(&chat, Draft::text(text)),
            Command::Reply(seq, text) => self.say(&chat, Draft { reply_to: Some(seq), ..Draft::text(text) }),
            Command::File(path, caption) => {
                self.view.say(format!("uploading {}", path.display()));
                self.ask(async move {
                    let sent = files::send(&client, &chat, &path, caption).await;
                    Ok(Some(sent.map_or_else(Done::Failed, |()| Done::Said(format!("{} is there", path.display())))))
                });
            }
            Command::Save(seq, to) => self.ask(async move {
                let saved = files::save(&client, &chat, seq, to).await;
                Ok(Some(saved.map_or_else(Done::Failed, |path| Done::Said(format!("saved as {}", path.display())))))
            }),
            Command::Edit(seq, text) => self.ask(async move { client.edit(&chat, seq, &text).await.map(|_| None) }),
            Command::Delete(seq, for_everyone) => {
                self.ask(async move { client.delete(&chat, seq, for_everyone).await.map(|_| None) });
            }
            Command::React(seq, emojis) => {
                self.ask(async move { client.react(&chat, seq, &emojis).await.map(|_| None) });
            }
            Command::Rename(name) => {
                self.ask(async move { client.ask(&call::update_chat(&chat, &name)).await.map(|_| None) });
            }
            Command::Add(users) => {
                self.ask(async move { client.ask(&call::add_participants(&chat, &users)).await.map(|_| None) });
            }
            Command::Remove(user) => self.ask(async move { client.remove(&chat, &user).await.map(|_| None) }),
            Command::Leave => {
                let me = client.read(|state| state.me().to_owned());
                self.ask(async move { client.remove(&chat, &me).await.map(|_| None) });
            }
            Command::Admin(user, is_admin) => {
                self.ask(async move { client.ask(&call::set_admin(&chat, &user, is_admin)).await.map(|_| None) });
            }
            Command::Mute(muted) => self.ask(async move { client.mute(&chat, muted).await.map(|_| None) }),
            Command::Clear => self.ask(async move { client.ask(&call::clear_chat(&chat)).await.map(|_| None) }),
            // They are about no chat.
            Command::Private(_) | Command::Group(..) | Command::Nickname(_) | Command::Help | Command::Quit => {}
        }
    }

    fn say(&mut self, chat: &str, draft: Draft) {
        // The message itself says that.
        self.is_typing = false;
        self.view.up = 0;
        if let Err(error) = self.client.send(chat, draft) {
            self.view.complain(in_words(&error));
        }
    }
}
