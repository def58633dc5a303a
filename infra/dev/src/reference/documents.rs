//! Both API descriptions. Resolves a `$ref` in them: asyncapi.yaml refers to the schemas of openapi.yaml.

use super::{PATH, yaml};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The longest chain of references that is followed. A longer one is a cycle.
const MAX_CHAIN: usize = 16;

/// Selects a description.
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

    /// The path of the page about this API.
    pub(super) fn page_path(self) -> String {
        match self {
            Self::Http => PATH.to_owned(),
            Self::WebSocket => format!("{PATH}/websocket"),
        }
    }
}

/// Why a file cannot be shown.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) file: &'static str,
    pub(super) reason: String,
}

/// A value, and the file that contains it. References in the value are relative to that file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) api: Api,
    pub(super) value: &'a Value,
}

impl<'a> Place<'a> {
    /// Another value of the same file.
    pub(super) fn with(self, value: &'a Value) -> Self {
        Self { value, ..self }
    }

    /// A member of the object. A null value if it has no such member.
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
    /// One fault for each file that cannot be read, or that is not a description.
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

    /// Follows references until the value is not a reference.
    pub(super) fn resolve<'a>(&'a self, mut place: Place<'a>) -> Place<'a> {
        for _ in 0..MAX_CHAIN {
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
}

fn split(api: Api, reference: &str) -> Option<(Api, &str)> {
    let (file, pointer) = reference.split_once('#')?;
    match file.trim_start_matches("./") {
        "" => Some((api, pointer)),
        file => [Api::Http, Api::WebSocket].into_iter().find(|api| api.file() == file).map(|api| (api, pointer)),
    }
}

fn parse(text: &str, root: &str) -> Result<Value, String> {
    let value = yaml::parse(text)?;
    if value[root].is_object() { Ok(value) } else { Err(format!("`{root}` is missing or is not a mapping")) }
}
