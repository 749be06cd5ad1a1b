//! The user's folder for configuration.

use std::{ffi::OsString, path::PathBuf};

/// `$XDG_CONFIG_HOME/tanba`, `~/.config/tanba`, or `%APPDATA%\tanba`; `None` where none of them is known.
pub(super) fn folder() -> Option<PathBuf> {
    config(|name| std::env::var_os(name)).map(|config| config.join("tanba"))
}

/// The XDG specification wants relative paths ignored.
fn config(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let given = absolute("XDG_CONFIG_HOME");
    if cfg!(windows) {
        return given.or_else(|| absolute("APPDATA"));
    }
    given.or_else(|| absolute("HOME").map(|home| home.join(".config")))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_folder_follows_the_xdg_specification() {
        let with = |xdg: Option<&'static str>, home: Option<&'static str>| {
            config(move |name| match name {
                "XDG_CONFIG_HOME" => xdg.map(OsString::from),
                "HOME" => home.map(OsString::from),
                _ => None,
            })
        };
        assert_eq!(with(Some("/x"), Some("/home/a")), Some("/x".into()));
        assert_eq!(with(Some("relative"), Some("/home/a")), Some("/home/a/.config".into()));
        assert_eq!(with(None, None), None);
    }
}
