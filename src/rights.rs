//! Owner and mode, asked in one place: who else may change what the program obeys, or read what it writes.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Somebody beside root and the program's user who may put other bytes in the place of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hand {
    /// The file or the folder above it that lets them.
    pub at: PathBuf,
    /// Who.
    pub whose: Whose,
}

/// Whose hand that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// It may be written by everybody.
    Everybody,
    /// It belongs to another user.
    Owner(u32),
    /// It may be written by a group that others are in.
    Group(u32),
}

impl Hand {
    /// What takes it away, as a command.
    #[must_use]
    pub fn remedy(&self) -> String {
        let at = self.at.display();
        match self.whose {
            Whose::Everybody => format!("chmod o-w '{at}'"),
            Whose::Owner(_) => format!("chown root '{at}'"),
            Whose::Group(_) => format!("chmod g-w '{at}'"),
        }
    }
}

impl std::fmt::Display for Hand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = self.at.display();
        match self.whose {
            Whose::Everybody => write!(f, "`{at}` can be written by everybody"),
            Whose::Owner(owner) => write!(f, "`{at}` belongs to another user (number {owner})"),
            Whose::Group(group) => write!(f, "`{at}` can be written by a group (number {group})"),
        }
    }
}

/// Everybody else who may change what lies at `path`, from there up to the root; of a link, its own folders and those that
/// it leads to. Nothing where there is nothing. A folder whose sticky bit protects the part below it is passed over.
#[must_use]
pub fn hands(path: &Path) -> Vec<Hand> {
    let Ok(named) = std::path::absolute(path) else { return Vec::new() };
    let mut found = walked(&named);
    if let Ok(meant) = named.canonicalize()
        && meant != named
    {
        for hand in walked(&meant) {
            if !found.contains(&hand) {
                found.push(hand);
            }
        }
    }
    found
}

/// Whether everybody may change what lies at `path`, by itself or by its folder: the one hand of which there is never an
/// innocent reason. What lies further up is for [`hands`], which a person reads.
#[must_use]
pub fn of_everybody(path: &Path) -> Option<Hand> {
    let named = std::path::absolute(path).ok()?;
    let meant = named.canonicalize().ok()?;
    let near = |hand: &Hand| {
        [&named, &meant]
            .into_iter()
            .any(|place| hand.at == *place || Some(hand.at.as_path()) == place.parent())
    };
    hands(path).into_iter().find(|hand| hand.whose == Whose::Everybody && near(hand))
}

/// Whether others than its owner may open it.
#[must_use]
pub fn is_open(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.mode() & 0o077 != 0)
}

/// Whether others than its owner and the program's user may read it: a secret of root's may be for the group that is the
/// program's user's own.
#[must_use]
pub fn is_shared(path: &Path) -> bool {
    let Ok(metadata) = std::fs::metadata(path) else { return false };
    let ours = rustix::process::geteuid().as_raw();
    let is_for_us = || metadata.uid() != ours && is_own_group(metadata.gid(), ours);
    metadata.mode() & 0o007 != 0 || metadata.mode() & 0o070 != 0 && !is_for_us()
}

/// The name of the program's user, for a command that somebody copies.
#[must_use]
pub fn our_name() -> String {
    let uid = nix::unistd::geteuid();
    nix::unistd::User::from_uid(uid).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name)
}

/// The command that makes a folder which is the program's user's alone.
#[must_use]
pub fn making(folder: &Path) -> String {
    let name = our_name();
    format!("install -d -o {name} -g {name} -m 0700 '{}'", folder.display())
}

/// Whether it belongs to root or to the program's user.
#[must_use]
pub fn is_ours(metadata: &Metadata) -> bool {
    metadata.uid() == 0 || metadata.uid() == rustix::process::geteuid().as_raw()
}

fn walked(path: &Path) -> Vec<Hand> {
    let mut found = Vec::new();
    // what lies below is protected by a sticky folder where it is ours
    let mut is_below_ours = false;
    for (depth, at) in path.ancestors().enumerate() {
        let Ok(metadata) = std::fs::symlink_metadata(at) else { continue };
        // a link's own mode says nothing, only its folder's
        let writable = if metadata.is_symlink() { 0 } else { metadata.mode() };
        let is_sticky = depth > 0 && metadata.mode() & 0o1000 != 0 && is_below_ours;
        let mut add = |whose| found.push(Hand { at: at.to_owned(), whose });
        if !is_ours(&metadata) {
            add(Whose::Owner(metadata.uid()));
        } else if !is_sticky && writable & 0o002 != 0 {
            add(Whose::Everybody);
        } else if !is_sticky && writable & 0o020 != 0 && !is_of_one(&metadata) {
            add(Whose::Group(metadata.gid()));
        }
        is_below_ours = is_ours(&metadata);
    }
    found
}

/// Whether its group is its owner's own, with nobody else in it, as many systems make one for each user.
fn is_of_one(metadata: &Metadata) -> bool {
    is_own_group(metadata.gid(), metadata.uid())
}

fn is_own_group(group: u32, user: u32) -> bool {
    let group = nix::unistd::Group::from_gid(nix::unistd::Gid::from_raw(group));
    let owner = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(user));
    let (Ok(Some(group)), Ok(Some(owner))) = (group, owner) else { return false };
    group.mem.iter().all(|member| *member == owner.name) && group.name == owner.name
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    fn set(path: &Path, mode: u32) {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn whoever_may_write_anything_up_to_the_root_is_named_with_the_command_against_it() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a");
        std::fs::create_dir(&inner).unwrap();
        let file = inner.join("hook.sh");
        std::fs::write(&file, "").unwrap();
        let modes = |outer, inside, of_file| {
            set(folder.path(), outer);
            set(&inner, inside);
            set(&file, of_file);
            hands(&file).into_iter().map(|hand| (hand.at.clone(), hand.remedy())).collect::<Vec<_>>()
        };
        assert_eq!(modes(0o700, 0o755, 0o644), []);
        assert_eq!(modes(0o700, 0o755, 0o646), [(file.clone(), format!("chmod o-w '{}'", file.display()))]);
        // a sticky folder protects what is ours
        assert_eq!(modes(0o1777, 0o755, 0o644), []);
        assert_eq!(modes(0o777, 0o755, 0o644)[0].0, folder.path());
        assert_eq!(of_everybody(&file), None, "a person decides about what lies further up");
        assert_eq!(of_everybody(&inner).unwrap().at, folder.path());
        // through a link both ways are looked at
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        set(folder.path(), 0o700);
        set(&inner, 0o777);
        assert_eq!(of_everybody(&link).unwrap().at, inner);
        assert_eq!(hands(&folder.path().join("nothing")), []);
    }
}
