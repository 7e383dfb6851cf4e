//! `init`: a folder with everything a first night needs, written from what the program knows, and nothing overwritten.

use crate::billing::period::days_after;
use anyhow::{Context, Result, bail};
use chrono::DateTime;
use chrono_tz::Tz;
use handlebars::Handlebars;
use serde_json::json;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The configuration as it is documented, which is one that runs.
const CONFIGURATION: &str = include_str!("../../konet-billing.toml.example");
const CUSTOMERS: &str = include_str!("../../templates/init/customers.csv");
const SERVICES: &str = include_str!("../../templates/init/services.csv.hbs");

/// The folders that the configuration names.
const FOLDERS: [&str; 3] = ["inbox", "backups", "outbox"];

/// The configuration's name in its folder.
pub const NAME: &str = "konet-billing.toml";

const CUSTOMERS_NAME: &str = "customers.sample.csv";
const SERVICES_NAME: &str = "services.sample.csv";

/// Whoever may change the configuration decides who is suspended; the group may read it.
const CONFIGURATION_MODE: u32 = 0o640;

/// Writes configuration, folders and sample files into `folder`; gives what was written.
///
/// # Errors
/// A configuration that is there already: then nothing is written. A file that cannot be.
pub fn init(folder: &Path, now: DateTime<Tz>) -> Result<Vec<PathBuf>> {
    let today = now.date_naive();
    for name in [NAME, CUSTOMERS_NAME, SERVICES_NAME] {
        let file = folder.join(name);
        if file.exists() {
            bail!("`{}` exists already; nothing was written", file.display());
        }
    }
    let mut written = Vec::new();
    for name in std::iter::once("").chain(FOLDERS) {
        let place = folder.join(name);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&place)
            .with_context(|| format!("`{}` cannot be made", place.display()))?;
        written.push(place);
    }
    let services = Handlebars::new()
        .render_template(
            SERVICES,
            &json!({
                "next_week": days_after(today, 7),
                "next_month": days_after(today, 30),
                "next_year": days_after(today, 360),
            }),
        )
        .context("the sample services could not be written")?;
    for (name, text, mode) in [
        (CUSTOMERS_NAME, CUSTOMERS, 0o600),
        (SERVICES_NAME, services.as_str(), 0o600),
        (NAME, CONFIGURATION, CONFIGURATION_MODE),
    ] {
        let file = folder.join(name);
        write(&file, text, mode).with_context(|| format!("`{}` cannot be written", file.display()))?;
        written.push(file);
    }
    Ok(written)
}

fn write(file: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    let mut opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(file)?;
    opened.write_all(text.as_bytes())?;
    // whatever the umask took away
    opened.set_permissions(std::fs::Permissions::from_mode(mode))
}
