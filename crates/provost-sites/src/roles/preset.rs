//! Role presets as the source of definitions.

use provost_moodle::role_preset::{PresetPermission, RolePreset};

use super::{Permission, Role, Roles};

/// The roles of presets, as a source for one target: what a preset leaves out is as the target has it, and whatever the target knows is
/// known, so that a list says all there is of it.
pub fn presets_at(presets: &[RolePreset], target: &Roles) -> Roles {
    let mut source = Roles { release: target.release.clone(), ..Roles::default() };
    source.capabilities.clone_from(&target.capabilities);
    source.contextlevels.clone_from(&target.contextlevels);
    source.roles = presets.iter().map(|preset| at(preset, target.get(&preset.shortname))).collect();
    let others = target.roles.iter().filter(|role| presets.iter().all(|own| own.shortname != role.shortname));
    source.roles.extend(others.cloned());
    source
}

fn at(preset: &RolePreset, there: Option<&Role>) -> Role {
    let mut role = there.cloned().unwrap_or_default();
    role.shortname.clone_from(&preset.shortname);
    let set = |to: &mut String, value: &Option<String>| {
        if let Some(value) = value {
            to.clone_from(value);
        }
    };
    set(&mut role.name, &preset.name);
    set(&mut role.description, &preset.description);
    set(&mut role.archetype, &preset.archetype);
    if let Some(levels) = &preset.contextlevels {
        role.contextlevels.clone_from(levels);
    }
    for (own, listed) in role.allow.lists_mut().into_iter().zip(&preset.allow) {
        if let Some(listed) = listed {
            own.clone_from(listed);
        }
    }
    for (name, permission) in &preset.permissions {
        match permission {
            PresetPermission::Inherit => role.capabilities.remove(name),
            PresetPermission::Allow => role.capabilities.insert(name.clone(), Permission::Allow),
            PresetPermission::Prevent => role.capabilities.insert(name.clone(), Permission::Prevent),
            PresetPermission::Prohibit => role.capabilities.insert(name.clone(), Permission::Prohibit),
        };
    }
    role
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_preset_leaves_out_stays_as_the_target_has_it() {
        let there = Role {
            shortname: "tutor".to_owned(),
            name: "Old".to_owned(),
            archetype: "teacher".to_owned(),
            capabilities: [("a".to_owned(), Permission::Allow), ("b".to_owned(), Permission::Allow)].into(),
            ..Role::default()
        };
        let target = Roles { roles: vec![there], ..Roles::default() };
        let xml = "<role><shortname>tutor</shortname><name>New</name>
            <permissions><inherit>a</inherit><prevent>c</prevent></permissions></role>";
        let source = presets_at(&[RolePreset::read(xml).unwrap()], &target);
        let tutor = source.get("tutor").unwrap();
        assert_eq!((tutor.name.as_str(), tutor.archetype.as_str()), ("New", "teacher"));
        let kept = [("b".to_owned(), Permission::Allow), ("c".to_owned(), Permission::Prevent)];
        assert_eq!(tutor.capabilities, kept.into());
    }
}
