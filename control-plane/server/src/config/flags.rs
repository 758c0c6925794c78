//! The settings as flags: one for each, and `--config`.

use std::path::PathBuf;

use clap::{
    Arg, ArgMatches, Args, Command, FromArgMatches,
    builder::{PathBufValueParser, StyledStr},
};

use super::{SETTINGS, Setting, sources::FILE_VARIABLE};

/// The flag that names the file of settings.
pub(super) const FILE_FLAG: &str = "config";

/// What the command line says about the settings.
#[derive(Debug, Default)]
pub(crate) struct Flags {
    pub(super) file: Option<PathBuf>,
    /// The names of settings, with the values they were given.
    pub(super) given: Vec<(&'static str, String)>,
}

impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new(FILE_FLAG)
            .long(FILE_FLAG)
            .value_name("FILE")
            .value_parser(PathBufValueParser::new())
            .help("File of settings [default: ./merak.toml, if it is there]")
            .long_help(format!(
                "File of settings, in TOML.\n\n\
                 A file that is named must exist.\n\n\
                 [default: ./merak.toml, if it is there] [variable: {FILE_VARIABLE}]"
            ));
        command.arg(file).args(SETTINGS.iter().map(argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.file = matches.get_one(FILE_FLAG).cloned();
        self.given = SETTINGS
            .iter()
            .filter_map(|setting| {
                Some((
                    setting.name,
                    matches.get_one::<String>(setting.name)?.clone(),
                ))
            })
            .collect();
        Ok(())
    }
}

/// Hides the flags that a command which only looks for the data has no use for.
pub(crate) fn hide_all_but_data(argument: Arg) -> Arg {
    let is_data = argument.get_id() == "data";
    let is_setting = SETTINGS
        .iter()
        .any(|setting| argument.get_id() == setting.name);
    argument.hide(is_setting && !is_data)
}

fn argument(setting: &'static Setting) -> Arg {
    Arg::new(setting.name)
        .long(setting.flag())
        .value_name(setting.value_name)
        .help(short_help(setting))
        .long_help(long_help(setting))
}

fn short_help(setting: &Setting) -> StyledStr {
    let first = setting.doc[0].trim().trim_end_matches('.');
    format!("{first} [default: {}]", setting.default).into()
}

/// The documentation with its paragraphs unwrapped, then what derives from the list.
fn long_help(setting: &Setting) -> StyledStr {
    let lines: Vec<&str> = setting.doc.iter().map(|line| line.trim()).collect();
    let paragraphs = lines.split(|line| line.is_empty());
    let text: Vec<String> = paragraphs.map(|lines| lines.join(" ")).collect();
    format!(
        "{}\n\n[default: {}] [variable: {}]",
        text.join("\n\n"),
        setting.default,
        setting.variable()
    )
    .into()
}
