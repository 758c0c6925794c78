//! What the sources say, and which of them wins.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, bail};
use toml::de::{DeTable, DeValue};

use super::{
    SETTINGS, Setting,
    flags::{FILE_FLAG, Flags},
};

/// The variable that names the file of settings.
pub(super) const FILE_VARIABLE: &str = "MERAK_CONFIG";
/// The variable that names the server which commands ask.
const SERVER_VARIABLE: &str = "MERAK_SERVER";
/// Read if no file is named and it is there.
const DEFAULT_FILE: &str = "merak.toml";
/// Every variable that begins so is ours, or a mistake.
const VARIABLE_PREFIX: &str = "MERAK_";
/// Names less alike than this are no misspellings of each other; clap's own threshold.
const LEAST_SIMILARITY: f64 = 0.7;

/// The sources beside the defaults.
#[derive(Debug)]
pub(super) struct Sources<'a> {
    pub(super) default_file: &'a Path,
    pub(super) environment: Vec<(OsString, OsString)>,
    pub(super) flags: &'a Flags,
}

/// The text of every setting that is in force, with where it was given; shown as TOML.
#[derive(Debug)]
pub(crate) struct Effective(Vec<Given>);

#[derive(Debug)]
struct Given {
    setting: &'static Setting,
    text: String,
    origin: Origin,
}

/// Where a value was given.
#[derive(Debug)]
enum Origin {
    Default,
    File { path: PathBuf, line: usize },
    Variable(String),
    Flag(String),
}

impl Effective {
    /// Reads the sources of this process.
    ///
    /// # Errors
    /// When the file cannot be read, or a source names a setting that does not exist.
    pub(crate) fn load(flags: &Flags) -> anyhow::Result<Self> {
        Self::gather(&Sources {
            default_file: Path::new(DEFAULT_FILE),
            environment: std::env::vars_os().collect(),
            flags,
        })
    }

    /// A later source wins: default, file, variable, flag.
    pub(super) fn gather(sources: &Sources) -> anyhow::Result<Self> {
        let variables = variables(&sources.environment)?;
        let mut effective = Self::default();
        if let Some((path, text)) = file(sources, &variables)? {
            effective.take_file(&path, &text)?;
        }
        for given in &mut effective.0 {
            if let Some(text) = variables.get(&given.setting.variable()) {
                given.replace(text.clone(), Origin::Variable(given.setting.variable()));
            }
        }
        for (name, text) in &sources.flags.given {
            let given = effective.find(name).expect("a flag is a setting");
            given.replace(text.clone(), Origin::Flag(given.setting.flag()));
        }
        Ok(effective)
    }

    /// Parses the value of a setting.
    pub(super) fn parse<T>(
        &self,
        name: &str,
        parser: impl Fn(&str) -> Result<T, String>,
    ) -> anyhow::Result<T> {
        let given = self.0.iter().find(|given| given.setting.name == name);
        let Given { text, origin, .. } = given.expect("every setting has a default");
        parser(text).map_err(|expected| {
            anyhow!("{origin}: `{name}` cannot be `{text}`: expected {expected}")
        })
    }

    fn take_file(&mut self, path: &Path, text: &str) -> anyhow::Result<()> {
        let origin_at = |byte: usize| Origin::File {
            path: path.to_owned(),
            line: text.bytes().take(byte).filter(|it| *it == b'\n').count() + 1,
        };
        let table = DeTable::parse(text).map_err(|failure| {
            let origin = origin_at(failure.span().map_or(0, |span| span.start));
            anyhow!("{origin}: {}", failure.message().replace('\n', ": "))
        })?;
        for (key, value) in table.get_ref() {
            let origin = origin_at(key.span().start);
            let (key, value) = (key.get_ref(), value.get_ref());
            let Some(given) = self.find(key) else {
                let known = SETTINGS.iter().map(|setting| setting.name.to_owned());
                bail!("{origin}: unknown key `{key}`{}", suggestion(key, known));
            };
            let Some(text) = scalar(value) else {
                let found = value.type_str();
                bail!("{origin}: `{key}` cannot be of type {found}: expected a string or integer");
            };
            given.replace(text, origin);
        }
        Ok(())
    }

    fn find(&mut self, name: &str) -> Option<&mut Given> {
        self.0.iter_mut().find(|given| given.setting.name == name)
    }
}

impl Given {
    fn replace(&mut self, text: String, origin: Origin) {
        (self.text, self.origin) = (text, origin);
    }
}

impl Default for Effective {
    fn default() -> Self {
        let default = |setting: &'static Setting| Given {
            setting,
            text: setting.default.to_owned(),
            origin: Origin::Default,
        };
        Self(SETTINGS.iter().map(default).collect())
    }
}

/// One line a setting, as TOML that means the same when it is read, and its origin behind it.
impl fmt::Display for Effective {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |given: &Given| format!("{} = {}", given.setting.name, toml_value(&given.text));
        let lines: Vec<String> = self.0.iter().map(line).collect();
        let width = lines.iter().map(|line| line.chars().count()).max();
        let width = width.unwrap_or_default();
        for (line, given) in lines.iter().zip(&self.0) {
            writeln!(formatter, "{line:width$}   # {}", given.origin)?;
        }
        Ok(())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File { path, line } => write!(formatter, "{}:{line}", path.display()),
            Self::Variable(name) => formatter.write_str(name),
            Self::Flag(name) => write!(formatter, "--{name}"),
        }
    }
}

/// Our variables, none of which is unknown.
/// The server that `MERAK_SERVER` names.
///
/// # Errors
/// When a variable that begins like ours is none of them.
pub(crate) fn server_variable() -> anyhow::Result<Option<String>> {
    let environment: Vec<_> = std::env::vars_os().collect();
    Ok(variables(&environment)?.remove(SERVER_VARIABLE))
}

fn variables(environment: &[(OsString, OsString)]) -> anyhow::Result<BTreeMap<String, String>> {
    let known = || {
        let of_settings = SETTINGS.iter().map(Setting::variable);
        of_settings.chain([FILE_VARIABLE, SERVER_VARIABLE].map(str::to_owned))
    };
    let mut variables = BTreeMap::new();
    for (name, value) in environment {
        let name = name.to_string_lossy();
        if !name.starts_with(VARIABLE_PREFIX) || is_service_link(&name) {
            continue;
        }
        if !known().any(|variable| variable == name) {
            let suggestion = suggestion(&name, known());
            bail!("unknown environment variable `{name}`{suggestion}");
        }
        let value = value.to_str().with_context(|| {
            let shown = value.display();
            format!("{name}: `{shown}` is not UTF-8")
        })?;
        variables.insert(name.into_owned(), value.to_owned());
    }
    Ok(variables)
}

/// Whether Kubernetes sets a variable in every pod beside a Service that is called `merak`:
/// <https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>.
fn is_service_link(variable: &str) -> bool {
    let after = |prefix| variable.strip_prefix(prefix);
    variable == "MERAK_SERVICE_HOST"
        || after("MERAK_SERVICE_PORT").is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        || after("MERAK_PORT").is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// The file of settings and its text: the one that is named, or the default one if it is there.
fn file(
    sources: &Sources,
    variables: &BTreeMap<String, String>,
) -> anyhow::Result<Option<(PathBuf, String)>> {
    let (path, named_by) = match (&sources.flags.file, variables.get(FILE_VARIABLE)) {
        (Some(path), _) => (path.clone(), format!(" (--{FILE_FLAG})")),
        (None, Some(path)) => (PathBuf::from(path), format!(" ({FILE_VARIABLE})")),
        (None, None) => (sources.default_file.to_owned(), String::new()),
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(failure) if named_by.is_empty() && failure.kind() == ErrorKind::NotFound => Ok(None),
        Err(failure) => {
            let shown = path.display();
            Err(failure).with_context(|| format!("read the settings in `{shown}`{named_by}"))
        }
    }
}

/// The text of a value that a setting can have; its own parser judges the content.
fn scalar(value: &DeValue) -> Option<String> {
    if let Some(number) = value.as_integer() {
        let value = i64::from_str_radix(number.as_str(), number.radix());
        return Some(value.map_or(number.as_str().to_owned(), |value| value.to_string()));
    }
    value.as_str().map(str::to_owned)
}

fn toml_value(text: &str) -> toml::Value {
    match text.parse::<i64>() {
        Ok(number) if number.to_string() == text => toml::Value::Integer(number),
        _ => toml::Value::String(text.to_owned()),
    }
}

/// `; did you mean …?` if something known is like it, else where to find what is known.
fn suggestion(unknown: &str, known: impl Iterator<Item = String>) -> String {
    let plain = |name: &str| {
        let name = name.strip_prefix(VARIABLE_PREFIX).unwrap_or(name);
        name.to_lowercase().replace('-', "_")
    };
    let closest = known
        .map(|name| (strsim::jaro(&plain(unknown), &plain(&name)), name))
        .filter(|(similarity, _)| *similarity > LEAST_SIMILARITY)
        .max_by(|(left, _), (right, _)| left.total_cmp(right));
    match closest {
        Some((_, name)) => format!("; did you mean `{name}`?"),
        None => "; `merak serve --help` lists the settings".to_owned(),
    }
}
