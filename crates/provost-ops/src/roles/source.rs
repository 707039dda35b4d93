//! Whose roles are brought: a site's, or those of files.

use std::borrow::Cow;

use camino::Utf8PathBuf;
use provost_fleet::suggest::nearest;
use provost_moodle::role_preset::RolePreset;
use provost_sites::roles::{Roles, presets_at};

use super::RolesError;

/// Whose roles are brought.
pub(super) enum Source {
    /// A site's.
    Site {
        /// The site.
        name: String,
        /// Its roles.
        roles: Roles,
    },
    /// Those of presets.
    Presets(Vec<RolePreset>),
}

impl Source {
    /// Those of files, none of them twice.
    pub(super) fn read(files: &[Utf8PathBuf]) -> Result<Self, RolesError> {
        let mut presets: Vec<RolePreset> = Vec::new();
        for file in files {
            let text = fs_err::read_to_string(file)
                .map_err(|source| RolesError::File { file: file.clone(), source })?;
            let preset = RolePreset::read(&text)
                .map_err(|source| RolesError::Preset { file: file.clone(), source })?;
            if let Some((_, first)) =
                presets.iter().zip(files).find(|(own, _)| own.shortname == preset.shortname)
            {
                let (first, second) = (first.clone(), file.clone());
                return Err(RolesError::Twice { role: preset.shortname, first, second });
            }
            presets.push(preset);
        }
        Ok(Self::Presets(presets))
    }

    /// What it is called.
    pub(super) fn title(&self) -> String {
        match self {
            Self::Site { name, .. } => name.clone(),
            Self::Presets(_) => "role files".to_owned(),
        }
    }

    /// What it says for one target.
    pub(super) fn at(&self, target: &Roles) -> Cow<'_, Roles> {
        match self {
            Self::Site { roles, .. } => Cow::Borrowed(roles),
            Self::Presets(presets) => Cow::Owned(presets_at(presets, target)),
        }
    }

    /// The roles that count as named: who gives a file means its role.
    pub(super) fn named(&self, named: &[String]) -> Vec<String> {
        match self {
            Self::Presets(presets) if named.is_empty() => {
                presets.iter().map(|preset| preset.shortname.clone()).collect()
            }
            _ => named.to_vec(),
        }
    }

    /// That it has each role that was named.
    pub(super) fn knows(&self, named: &[String]) -> Result<(), RolesError> {
        let names: Vec<&str> = match self {
            Self::Site { roles, .. } => roles.roles.iter().map(|role| role.shortname.as_str()).collect(),
            Self::Presets(presets) => presets.iter().map(|preset| preset.shortname.as_str()).collect(),
        };
        let Some(stray) = named.iter().find(|name| !names.contains(&name.as_str())) else { return Ok(()) };
        let there = match nearest(stray, names.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("there is {}", names.join(", ")),
        };
        Err(RolesError::NoRole { site: self.title(), role: stray.clone(), there })
    }
}
