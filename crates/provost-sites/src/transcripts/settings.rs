//! What is planned where settings are declared.

use super::*;
use crate::kind_settings::{SECRET, SeenSettings, SettingsKind};

const SETTINGS: &str = "[profile.base.settings]\n\"core/theme\" = \"boost\"\n\"core/timezone\" = { value = \"UTC\", policy = \"forced\" }\n\
    \"core/supportname\" = { absent = true }\n\"core/smtppass\" = { env = \"P\" }\n\"core/summary\" = \"one\\ntwo\"\n\
    \"quiz/attempts\" = { value = 2, policy = \"seeded\" }\n[site.hugo]\nprofiles = [\"base\"]\n";

fn scene_with_settings() -> Scene {
    let text = FLEET.replace("[site.hugo]\n", SETTINGS);
    let fleet = Arc::new(provost_fleet::load("fleet.toml", &text).unwrap().fleet);
    let servers = Arc::new(Servers::new(fleet.clone(), references(), Starting::Never));
    Scene { fleet, servers, ..scene() }
}

#[test]
fn settings() {
    let scene = scene_with_settings();
    let kind = SettingsKind {
        fleet: scene.fleet.clone(),
        servers: scene.servers.clone(),
        fleet_id: fleet_id(),
        references: references(),
    };
    let of = |pairs: &[(&str, Option<&str>)]| -> BTreeMap<String, Option<String>> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned))).collect()
    };
    let differing = SeenSettings {
        differing: of(&[
            ("core/theme", Some("classic")),
            ("core/supportname", Some("Admin")),
            ("core/smtppass", Some(SECRET)),
            ("core/summary", None),
        ]),
        unsown: of(&[("quiz/attempts", Some("0"))]),
    };
    let text = [
        ("no site yet", "hugo", Observation::Absent),
        ("all as it shall be", "hugo", Observation::Present(SeenSettings::default())),
        ("all different", "hugo", Observation::Present(differing)),
        ("its database does not answer", "hugo", Observation::Unknown(why("it took longer than 30 s"))),
        ("nothing is declared any more", "camus", Observation::Absent),
    ]
    .map(|(word, name, seen)| format!("== {word}\n{}\n", plan(&scene, &kind, name, seen).trim_end()))
    .concat();
    insta::assert_snapshot!(text);
}
