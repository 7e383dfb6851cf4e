//! Who may read and write the configuration.

use std::path::Path;

/// A configuration that others may write decides who is suspended; one with a secret is for one reader.
pub(super) fn check(path: &Path, text: &str) -> Result<(), (String, &'static str)> {
    use std::os::unix::fs::PermissionsExt;
    let Ok(metadata) = std::fs::metadata(path) else { return Ok(()) };
    let mode = metadata.permissions().mode();
    if mode & 0o002 != 0 {
        return Err((
            "can be written by everybody".to_owned(),
            "chmod o-w the file: it decides who is suspended",
        ));
    }
    let secret = text.lines().any(|line| {
        let line = line.trim_start();
        !line.starts_with('#') && line.starts_with("password") && !line.starts_with("password_file")
    });
    if secret && mode & 0o077 != 0 {
        return Err((
            "holds a password and can be read by others".to_owned(),
            "chmod 600 the file, or use `smtp.password_file`",
        ));
    }
    Ok(())
}
