//! `chat` in the terminal: handles keys and updates, draws the screen and sends requests.

use super::command::{Command, parse};
use super::draw;
use super::error_text;
use super::files;
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

/// While the user types, other participants are notified once per interval.
const TYPING_INTERVAL: Duration = Duration::from_secs(3);
/// How many older messages one request asks for.
const OLDER_PAGE_SIZE: u32 = 50;
/// The wait before the next request for older messages. Without it, empty answers would cause an endless loop.
const OLDER_RETRY_WAIT: Duration = Duration::from_millis(200);
const OLDER_ERROR_WAIT: Duration = Duration::from_secs(5);
/// The wait before people are requested again after an error.
const PEOPLE_ERROR_WAIT: Duration = Duration::from_secs(5);
/// How often to redraw the screen without an event, because typing indicators expire.
const REDRAW_INTERVAL: Duration = Duration::from_millis(500);

/// The result of a request.
enum Outcome {
    /// The chat to show.
    Chat(ChatId),
    /// A notice to show.
    Notice(String),
    /// An error text to show.
    Failed(String),
    /// The request for older messages has ended. An error text if it failed.
    Older(Option<String>),
    /// The request for the people on the screen has ended. An error text if it failed.
    People(Option<String>),
}

/// Shows the client's chats until the user quits or `stop` completes.
///
/// # Errors
/// The output is not a terminal, or the terminal fails.
pub async fn run(
    client: Client,
    mut updates: Updates,
    stop: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    let mut screen = Screen::take()?;
    let (outcome_sender, mut outcomes) = mpsc::unbounded_channel();
    let view = View::new(client.connection_status());
    let mut chat = Chat {
        client,
        view,
        outcome_sender,
        typed_at: None,
        is_typing: false,
        older_at: Some(Instant::now()),
        people_at: Some(Instant::now()),
        size: Rect::default(),
    };
    let mut stop = std::pin::pin!(stop);
    let (client, me) = (chat.client.clone(), chat.client.read(|state| state.me().to_owned()));
    chat.spawn_request(async move { client.load_user(&me).await.map(|_| None) });
    loop {
        chat.request_missing();
        let unsent = chat.client.unsent();
        let (client, view) = (&chat.client, &mut chat.view);
        let moment = (Instant::now(), &*Timestamp::now().to_string());
        let mut size = Rect::default();
        // The client keeps running while the terminal draws.
        screen.draw(|frame| {
            size = frame.area();
            client.read(|state| draw::draw(frame, state, view, &unsent, moment));
        })?;
        chat.size = size;
        tokio::select! {
            stopped = &mut stop => return stopped,
            event = screen.next() => if chat.handle_event(event?) { return Ok(()) },
            update = updates.next() => match update {
                Some(update) => chat.handle_update(update),
                None => return Ok(()),
            },
            Some(outcome) = outcomes.recv() => chat.handle_outcome(outcome),
            () = tokio::time::sleep(REDRAW_INTERVAL) => {}
        }
    }
}

struct Chat {
    client: Client,
    view: View,
    outcome_sender: mpsc::UnboundedSender<Outcome>,
    /// When the last typing event was sent, and in which chat.
    typed_at: Option<(Instant, ChatId)>,
    /// Whether the other participants see this user as typing.
    is_typing: bool,
    /// The earliest time of the next request for older messages. None while a request is running.
    older_at: Option<Instant>,
    /// The earliest time of the next request for people. None while a request that may bring them is running.
    people_at: Option<Instant>,
    size: Rect,
}

impl Chat {
    /// Requests the messages that the screen lacks, and marks shown messages as seen.
    fn request_missing(&mut self) {
        if self.view.chat.is_none()
            && let Some(first) = self.client.read(|state| self.view.neighbour(state, 0))
        {
            self.choose(first);
        }
        // The user has left this chat, or was removed.
        let is_gone = |chat: &ChatId| self.client.read(|state| state.chat(chat).is_none());
        if self.view.chat.as_ref().is_some_and(is_gone) {
            self.view.chat = None;
        }
        let newly_seen = self.client.read(|state| self.view.take_newly_seen(state));
        if let Some((chat, seq)) = newly_seen {
            let client = self.client.clone();
            self.spawn_request(async move { client.mark_seen(&chat, seq).await.map(|_| None) });
        }
        let wanted_lines = draw::height(self.size) + self.view.up;
        let incomplete = self.view.chat.clone().filter(|chat| {
            self.client.read(|state| {
                state.chat(chat).is_some_and(|held| held.has_older() && held.messages().count() < wanted_lines)
            })
        });
        let may_request = self.older_at.is_some_and(|at| at <= Instant::now()) && self.size.height > 0;
        if let Some(chat) = incomplete.filter(|_| may_request) {
            self.older_at = None;
            let client = self.client.clone();
            self.spawn_request(async move {
                let result = client.load_older(&chat, OLDER_PAGE_SIZE).await;
                Ok(Some(Outcome::Older(result.err().map(|error| error_text(&error)))))
            });
        }
        self.request_people();
    }

    /// Requests the names of those whom the shown chat's messages name and who are not known. One request asks for a
    /// page. It waits for the messages, and for the members of the chat, who are known then if they are at most 100.
    fn request_people(&mut self) {
        let is_unknown = |chat: &ChatId| self.client.read(|state| !state.unknown_people(chat).is_empty());
        let may_request = self.older_at.is_some() && self.people_at.is_some_and(|at| at <= Instant::now());
        let Some(chat) = self.view.chat.clone().filter(|chat| may_request && is_unknown(chat)) else { return };
        self.people_at = None;
        let client = self.client.clone();
        self.spawn_request(async move {
            let result = client.load_people(&chat).await;
            Ok(Some(Outcome::People(result.err().map(|error| error_text(&error)))))
        });
    }

    fn choose(&mut self, chat: ChatId) {
        self.stop_typing();
        self.view.choose(chat.clone());
        let client = self.client.clone();
        self.people_at = None;
        self.spawn_request(async move {
            let result = client.set_visible(&[chat]).await;
            Ok(Some(Outcome::People(result.err().map(|error| error_text(&error)))))
        });
    }

    /// Runs a request in a task of its own, so that keys and updates are handled in the meantime.
    fn spawn_request(&self, request: impl Future<Output = Result<Option<Outcome>, client::Error>> + Send + 'static) {
        let outcome_sender = self.outcome_sender.clone();
        tokio::spawn(async move {
            let outcome = match request.await {
                Ok(outcome) => outcome,
                Err(error) => Some(Outcome::Failed(error_text(&error))),
            };
            // The receiver is gone if the user has quit.
            let _ = outcome.map(|outcome| outcome_sender.send(outcome));
        });
    }

    fn handle_outcome(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Chat(chat) => self.choose(chat),
            Outcome::Notice(text) => self.view.show_notice(text),
            Outcome::Failed(text) => self.view.show_error(text),
            Outcome::Older(None) => self.older_at = Some(Instant::now() + OLDER_RETRY_WAIT),
            Outcome::Older(Some(text)) => {
                self.older_at = Some(Instant::now() + OLDER_ERROR_WAIT);
                self.view.show_error(text);
            }
            Outcome::People(None) => self.people_at = Some(Instant::now()),
            Outcome::People(Some(text)) => {
                self.people_at = Some(Instant::now() + PEOPLE_ERROR_WAIT);
                self.view.show_error(text);
            }
        }
    }

    fn handle_update(&mut self, update: Update) {
        match update {
            Update::Connection(link) => self.view.set_link(link),
            Update::Event(ChatEvent::Typing { chat_id, data }) => self.view.typing(&chat_id, &data, Instant::now()),
            Update::Event(ChatEvent::MessageCreated { chat_id, data, .. }) => {
                self.view.clear_typing(&chat_id, &data.sender_id);
            }
            Update::NotSent { unsent, error } => {
                self.view.show_error(format!(
                    "not sent: \"{}\": {}",
                    files::draft_text(&unsent.draft),
                    error_text(&error)
                ));
            }
            Update::Failed { task: Task::CatchUp, error } => self.view.catch_up_error = Some(error_text(&error)),
            Update::CaughtUp => self.view.catch_up_error = None,
            // The old connection still works. If it ends before it is renewed, a Connection update follows.
            Update::Failed { task: Task::Renew, .. } => {}
            Update::Event(_) | Update::Sent { .. } => {}
        }
    }

    /// Returns true if the user quits.
    fn handle_event(&mut self, event: Event) -> bool {
        match event {
            Event::Key(key) if key.is_press() => self.key(key),
            Event::Paste(text) => {
                self.view.paste(&text);
                false
            }
            _ => false,
        }
    }

    fn key(&mut self, key: KeyEvent) -> bool {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let page = draw::height(self.size).div_ceil(2).max(1);
        if self.view.scroll_help(key.code, page) {
            return false;
        }
        match key.code {
            KeyCode::Char('c') if ctrl => return true,
            KeyCode::Esc => {
                self.view.help = None;
                self.view.notice = None;
            }
            KeyCode::Tab | KeyCode::BackTab => {
                let steps = if key.code == KeyCode::Tab { 1 } else { -1 };
                if let Some(chat) = self.client.read(|state| self.view.neighbour(state, steps)) {
                    self.choose(chat);
                }
            }
            KeyCode::PageUp => self.view.up += page,
            KeyCode::PageDown => self.view.up = self.view.up.saturating_sub(page),
            KeyCode::Enter if key.modifiers.contains(KeyModifiers::ALT) => self.view.input.insert_newline(),
            KeyCode::Enter => return self.submit(),
            _ => {
                if self.view.input.input(key) {
                    self.typing();
                }
            }
        }
        false
    }

    /// Sends a typing event, at most once per interval.
    fn typing(&mut self) {
        let is_text = self.view.input.lines().first().is_some_and(|line| !line.is_empty() && !line.starts_with('/'));
        let Some(chat) = self.view.chat.clone() else { return };
        let now = Instant::now();
        let is_recent =
            self.typed_at.as_ref().is_some_and(|(at, in_chat)| *in_chat == chat && now < *at + TYPING_INTERVAL);
        if !is_text {
            self.stop_typing();
        } else if !is_recent {
            self.typed_at = Some((now, chat.clone()));
            self.is_typing = true;
            self.send_typing(chat, TypingState::Start);
        }
    }

    fn stop_typing(&mut self) {
        if let Some((_, chat)) = self.typed_at.clone().filter(|_| std::mem::take(&mut self.is_typing)) {
            self.send_typing(chat, TypingState::Stop);
        }
    }

    /// Sends a typing event and ignores errors, because a lost typing event does no harm.
    fn send_typing(&self, chat: ChatId, state: TypingState) {
        let client = self.client.clone();
        tokio::spawn(async move { client.send_typing(&chat, state).await.ok() });
    }

    /// Runs the typed line. Returns true if the user quits.
    fn submit(&mut self) -> bool {
        let line = self.view.take_input();
        self.view.notice = None;
        if line.trim().is_empty() {
            return false;
        }
        match parse(&line) {
            Ok(Command::Quit) => return true,
            Ok(command) => self.perform(command),
            Err(reason) => {
                self.view.show_error(reason);
                // Keep the line in the input, so that the user can correct it.
                self.view.input.insert_str(line);
            }
        }
        false
    }

    fn perform(&mut self, command: Command) {
        let client = self.client.clone();
        match command {
            Command::Help => self.view.help = Some(0),
            Command::Quit => {}
            Command::OpenPrivate(user) => self.spawn_request(async move {
                Ok(Some(Outcome::Chat(client.create_chat(&NewChat::private(&user)).await?.chat_id)))
            }),
            Command::Group(name, users) => self.spawn_request(async move {
                let new = NewChat { client_chat_id: None, ..NewChat::group(&name, &users, "") };
                Ok(Some(Outcome::Chat(client.create_chat(&new).await?.chat_id)))
            }),
            Command::Nickname(name) => self.spawn_request(async move {
                let user = client.set_nickname(name.as_deref()).await?;
                let notice = match name {
                    Some(_) => format!("your nickname is now {}", user.nickname),
                    None => format!("you have no nickname now: others see {}", user.nickname),
                };
                Ok(Some(Outcome::Notice(notice)))
            }),
            Command::Block(user, blocked) => self.spawn_request(async move {
                client.set_blocked(&user, blocked).await?;
                let notice = if blocked { "you block" } else { "you no longer block" };
                Ok(Some(Outcome::Notice(format!("{notice} {user}"))))
            }),
            command => match self.view.chat.clone() {
                Some(chat) => self.perform_in_chat(chat, command),
                None => self.view.show_error("no chat is open. Tab shows a chat, /new USER opens a new one"),
            },
        }
    }

    fn perform_in_chat(&mut self, chat: ChatId, command: Command) {
        let client = self.client.clone();
        match command {
            Command::Text(text) => self.send(&chat, Draft::text(text)),
            Command::Reply(seq, text) => self.send(&chat, Draft { reply_to: Some(seq), ..Draft::text(text) }),
            Command::File(path, caption) => {
                self.view.show_notice(format!("uploading {}", path.display()));
                self.spawn_request(async move {
                    let sent = files::send(&client, &chat, &path, caption).await;
                    Ok(Some(
                        sent.map_or_else(Outcome::Failed, |()| Outcome::Notice(format!("uploaded {}", path.display()))),
                    ))
                });
            }
            Command::Save(seq, to) => self.spawn_request(async move {
                let saved = files::save(&client, &chat, seq, to).await;
                Ok(Some(
                    saved.map_or_else(Outcome::Failed, |path| Outcome::Notice(format!("saved as {}", path.display()))),
                ))
            }),
            Command::Edit(seq, text) => {
                self.spawn_request(async move { client.edit(&chat, seq, &text).await.map(|_| None) })
            }
            Command::Delete(seq, for_everyone) => {
                self.spawn_request(async move { client.delete(&chat, seq, for_everyone).await.map(|_| None) });
            }
            Command::React(seq, emojis) => {
                self.spawn_request(async move { client.react(&chat, seq, &emojis).await.map(|_| None) });
            }
            Command::Topic(topic) => {
                self.spawn_request(async move {
                    client.request(&call::set_topic(&chat, topic.as_deref())).await.map(|_| None)
                });
            }
            Command::Rename(name) => {
                self.spawn_request(async move { client.request(&call::update_chat(&chat, &name)).await.map(|_| None) });
            }
            Command::Add(users) => {
                self.spawn_request(async move {
                    client.request(&call::add_participants(&chat, &users)).await.map(|_| None)
                });
            }
            Command::Remove(user) => {
                self.spawn_request(async move { client.remove_participant(&chat, &user).await.map(|_| None) })
            }
            Command::Leave => {
                let me = client.read(|state| state.me().to_owned());
                self.spawn_request(async move { client.remove_participant(&chat, &me).await.map(|_| None) });
            }
            Command::Admin(user, is_admin) => {
                self.spawn_request(async move {
                    client.request(&call::set_admin(&chat, &user, is_admin)).await.map(|_| None)
                });
            }
            Command::View(change) => {
                self.spawn_request(async move { client.update_member(&chat, &change).await.map(|_| None) })
            }
            Command::Clear => {
                self.spawn_request(async move { client.request(&call::clear_chat(&chat)).await.map(|_| None) })
            }
            // `perform` handles these.
            Command::OpenPrivate(_)
            | Command::Group(..)
            | Command::Nickname(_)
            | Command::Block(..)
            | Command::Help
            | Command::Quit => {}
        }
    }

    fn send(&mut self, chat: &str, draft: Draft) {
        // The message itself ends the typing indicator.
        self.is_typing = false;
        self.view.up = 0;
        if let Err(error) = self.client.send(chat, draft) {
            self.view.show_error(error_text(&error));
        }
    }
}
