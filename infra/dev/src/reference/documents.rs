//! Both descriptions, what a `$ref` in them means, and where on the page that is.

use super::PATH;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Longer chains of references are circles.
const CHAIN: usize = 16;

/// Which description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    Http,
    WebSocket,
}

impl Api {
    pub(super) const fn file(self) -> &'static str {
        match self {
            Self::Http => "openapi.yaml",
            Self::WebSocket => "asyncapi.yaml",
        }
    }

    pub(super) fn raw_path(self) -> String {
        format!("{PATH}/{}", self.file())
    }

    /// What ids on the page begin with: both files have names of their own.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::WebSocket => "ws",
        }
    }

    /// The id of a part of the page.
    pub(super) fn id(self, kind: &str, name: &str) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
        let name: String = name.chars().map(plain).collect();
        format!("{}-{kind}-{name}", self.prefix())
    }
}

/// What is wrong with a file.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) file: &'static str,
    pub(super) reason: String,
}

/// A value, and the file that it is in, to which its references belong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) api: Api,
    pub(super) value: &'a Value,
}

impl<'a> Place<'a> {
    /// A value of the same file.
    pub(super) fn with(self, value: &'a Value) -> Self {
        Self { value, ..self }
    }

    /// A member; null if there is none.
    pub(super) fn get(self, key: &str) -> Self {
        self.with(&self.value[key])
    }

    pub(super) fn text(self, key: &str) -> &'a str {
        self.value[key].as_str().unwrap_or_default()
    }

    /// The members of an object.
    pub(super) fn members(self) -> impl Iterator<Item = (&'a str, Self)> {
        let members = self.value.as_object().into_iter().flatten();
        members.map(move |(name, value)| (name.as_str(), self.with(value)))
    }

    /// The items of an array.
    pub(super) fn items(self) -> impl Iterator<Item = Self> {
        self.value.as_array().into_iter().flatten().map(move |value| self.with(value))
    }

    pub(super) fn reference(self) -> Option<&'a str> {
        self.value["$ref"].as_str()
    }
}

/// Both descriptions.
#[derive(Debug)]
pub(super) struct Documents {
    http: Value,
    websocket: Value,
}

impl Documents {
    /// # Errors
    /// Every file that cannot be read or is no description.
    pub(super) fn read(directory: &Path) -> Result<Self, Vec<Fault>> {
        let read = |api: Api, root| {
            let text = fs::read_to_string(directory.join(api.file())).map_err(|error| error.to_string());
            text.and_then(|text| parse(&text, root)).map_err(|reason| Fault { file: api.file(), reason })
        };
        match (read(Api::Http, "paths"), read(Api::WebSocket, "operations")) {
            (Ok(http), Ok(websocket)) => Ok(Self { http, websocket }),
            (http, websocket) => Err(http.err().into_iter().chain(websocket.err()).collect()),
        }
    }

    #[cfg(test)]
    pub(super) const fn new(http: Value, websocket: Value) -> Self {
        Self { http, websocket }
    }

    pub(super) const fn root(&self, api: Api) -> Place<'_> {
        let value = match api {
            Api::Http => &self.http,
            Api::WebSocket => &self.websocket,
        };
        Place { api, value }
    }

    /// What this is, or what it refers to.
    pub(super) fn follow<'a>(&'a self, mut place: Place<'a>) -> Place<'a> {
        for _ in 0..CHAIN {
            let Some(target) = place.reference().and_then(|reference| self.target(place.api, reference)) else { break };
            place = target;
        }
        place
    }

    fn target(&self, api: Api, reference: &str) -> Option<Place<'_>> {
        let (api, pointer) = split(api, reference)?;
        let root = self.root(api);
        root.value.pointer(pointer).map(|value| root.with(value))
    }

    /// What to call what is referred to, and its id on the page. None of what is not there or is nowhere on the page.
    pub(super) fn link(&self, api: Api, reference: &str) -> Option<(String, String)> {
        self.target(api, reference)?;
        let (api, pointer) = split(api, reference)?;
        let parts: Vec<String> = pointer.split('/').skip(1).map(unescape).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts[..] {
            ["components", "schemas", name] => Some((name.to_owned(), api.id("schema", name))),
            ["components", "schemas", name, "properties", member] => {
                let name = format!("{name}.{member}");
                let id = api.id("schema", &name);
                Some((name, id))
            }
            ["components", "responses", name] => Some((name.to_owned(), api.id("response", name))),
            _ => None,
        }
    }
}

fn split(api: Api, reference: &str) -> Option<(Api, &str)> {
    let (file, pointer) = reference.split_once('#')?;
    match file.trim_start_matches("./") {
        "" => Some((api, pointer)),
        file => [Api::Http, Api::WebSocket].into_iter().find(|api| api.file() == file).map(|api| (api, pointer)),
    }
}

/// A part of a JSON pointer (RFC 6901) as it is written in the file.
fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

fn parse(text: &str, root: &str) -> Result<Value, String> {
    let value: Value = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    if value[root].is_object() { Ok(value) } else { Err(format!("`{root}` is missing, or is no mapping")) }
}
