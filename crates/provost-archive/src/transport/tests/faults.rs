//! What goes wrong, and that nothing is lost by it.

use super::scene::{Scene, Way, assert_arrived, noise, unit, ways};
use crate::transport::{RESUMES_WITHIN, Side, Tally, Transport as _, TransportError};

#[tokio::test(flavor = "multi_thread")]
async fn a_line_cut_at_any_byte_resumes_within_a_megabyte() {
    let scene = Scene::new(Way::Command);
    let (one, two) = (noise(8, 5_000_000), noise(9, 3_000_000));
    let contents = [one.as_slice(), two.as_slice()];
    let cargo = scene.backup("a-1-1", &contents);
    let tally = Tally::default();
    let (mut cuts, mut last) = (0, 0);
    let at = [1, 60, 3_000, 40_000, 90_000, 200_000, 700_001, 1_500_000, 1_500_000, 2_500_000];
    for (number, bytes) in at.into_iter().chain(at).enumerate() {
        let end = if number < at.len() { "origin" } else { "landing" };
        scene.cut(end, bytes);
        match scene.route().carry(&cargo, &tally).await {
            Ok(_) => break,
            Err(TransportError::Broken { .. } | TransportError::Host { .. }) => cuts += 1,
            Err(error) => panic!("{error}"),
        }
        assert!(!scene.uncut(end));
        assert!(tally.so_far().bytes() >= last);
        last = tally.so_far().bytes();
    }
    assert!(cuts >= 10, "{cuts}");
    for end in ["origin", "landing"] {
        std::fs::remove_file(scene.root.join(format!("ssh/cut.{end}"))).ok();
    }
    let delivered = scene.route().carry(&cargo, &tally).await.unwrap();
    assert_arrived(&cargo, &delivered.at, &contents);
    let whole = delivered.structure_bytes + delivered.content_bytes;
    let over = tally.so_far().bytes() - whole;
    println!("{cuts} cuts: {over} bytes moved twice");
    assert!(over <= cuts * RESUMES_WITHIN, "{over}");
}

/// One content, one cut: no more than a megabyte is moved again.
#[tokio::test(flavor = "multi_thread")]
async fn one_cut_costs_at_most_a_megabyte() {
    for (number, bytes) in [300_000, 1_100_000, 2_345_678, 5_000_000, 7_999_999].into_iter().enumerate() {
        for end in ["origin", "landing"] {
            let scene = Scene::new(Way::Command);
            let content = noise(number as u64, 8_000_000);
            let cargo = scene.backup("a-1-1", &[&content]);
            scene.cut(end, bytes);
            let tally = Tally::default();
            let error = scene.route().carry(&cargo, &tally).await.unwrap_err();
            assert!(matches!(error, TransportError::Broken { .. }), "{error}");
            let delivered = scene.route().carry(&cargo, &tally).await.unwrap();
            assert_arrived(&cargo, &delivered.at, &[&content]);
            let over = tally.so_far().bytes() - delivered.structure_bytes - delivered.content_bytes;
            assert!(over <= RESUMES_WITHIN, "{over} after {bytes} at {end}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_that_the_source_has_lost_is_named_with_its_file() {
    for way in ways() {
        let scene = Scene::new(way);
        let cargo = scene.backup("a-1-1", &[b"kept", b"lost"]);
        let hash = scene.content("source", b"lost");
        std::fs::remove_file(scene.root.join("source/filedir").join(hash.place_in_filedir())).unwrap();
        let error = scene.route().carry(&cargo, &Tally::default()).await.unwrap_err();
        let TransportError::Lost { hash: said, named } = &error else { panic!("{error}") };
        assert_eq!(
            (said, named.as_slice()),
            (&hash, ["mod_resource /file1.pdf".to_owned()].as_slice()),
            "{way:?}"
        );
        scene.content("source", b"lost");
        scene.route().carry(&cargo, &Tally::default()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_contents_are_told_apart_by_whose_they_are() {
    for way in ways() {
        for (site, side, bytes) in [
            ("source", Side::Source, b"other bytes".as_slice()),
            ("source", Side::Source, b"shorter".as_slice()),
            ("target", Side::Target, b"other bytes".as_slice()),
        ] {
            let scene = Scene::new(way);
            let cargo = scene.backup("a-1-1", &[b"right bytes"]);
            let hash = scene.content(site, b"right bytes");
            std::fs::write(scene.root.join(site).join("filedir").join(hash.place_in_filedir()), bytes)
                .unwrap();
            let error = scene.route().carry(&cargo, &Tally::default()).await.unwrap_err();
            assert!(
                matches!(&error, TransportError::Damaged { side: said, hash: which, .. } if *said == side && *which == hash),
                "{way:?} {site}: {error}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_staged_and_is_damaged_is_moved_again() {
    let scene = Scene::new(Way::Command);
    let content = noise(10, 4_000_000);
    let cargo = scene.backup("a-1-1", &[&content]);
    scene.cut("origin", 2_000_000);
    scene.route().carry(&cargo, &Tally::default()).await.unwrap_err();
    let hash = scene.content("source", &content);
    let part = scene.staging().join(format!("contents/{}.part", hash.place_in_backup()));
    let mut bytes = std::fs::read(&part).unwrap();
    assert!(bytes.len() > 500_000);
    bytes[77] ^= 1;
    std::fs::write(&part, bytes).unwrap();
    let error = scene.route().carry(&cargo, &Tally::default()).await.unwrap_err();
    assert!(matches!(error, TransportError::Broken { side: Side::Target, .. }), "{error}");
    let delivered = scene.route().carry(&cargo, &Tally::default()).await.unwrap();
    assert_arrived(&cargo, &delivered.at, &[&content]);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_at_the_source_are_not_followed() {
    for way in ways() {
        let scene = Scene::new(way);
        let cargo = scene.backup("a-1-1", &[b"content"]);
        let secret = scene.root.join("secret");
        std::fs::write(&secret, "content").unwrap();
        for place in ["course/roles.xml", "linked"] {
            let at = cargo.at.join(place);
            std::os::unix::fs::symlink(if place == "linked" { scene.root.as_path() } else { &secret }, &at)
                .unwrap();
            let error = scene.route().carry(&cargo, &Tally::default()).await.unwrap_err();
            assert!(matches!(error, TransportError::Refused(_)), "{way:?}: {error}");
            std::fs::remove_file(at).unwrap();
        }
        let hash = scene.content("source", b"content");
        let at = scene.root.join("source/filedir").join(hash.place_in_filedir());
        std::fs::remove_file(&at).unwrap();
        std::os::unix::fs::symlink(&secret, &at).unwrap();
        let error = scene.route().carry(&cargo, &Tally::default()).await.unwrap_err();
        assert!(matches!(error, TransportError::Refused(_)), "{way:?}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_with_wrong_xml_is_refused() {
    for (file, text) in [
        ("files.xml", "<files><file><contenthash>../../etc/passwd</contenthash></file></files>"),
        ("files.xml", "<files><file>"),
        ("files.xml", "<!DOCTYPE x [<!ENTITY a \"b\">]><files>&a;</files>"),
        ("moodle_backup.xml", "<moodle_backup/>"),
    ] {
        let scene = Scene::new(Way::Linked);
        let cargo = scene.backup("a-1-1", &[b"content"]);
        std::fs::write(cargo.at.join(file), text).unwrap();
        let error = scene.route().carry(&cargo, &Tally::default()).await.unwrap_err();
        assert!(matches!(error, TransportError::Refused(_)), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_answers_nonsense_is_an_error() {
    let ready = |more: &[u8]| [b"\0\0\0\x0b{\"ready\":1}".as_slice(), more].concat();
    let nonsense: [Vec<u8>; 5] = [
        b"Welcome to this machine!\n".to_vec(),
        Vec::new(),
        ready(b"\xff\xff\xff\xffxxxx"),
        ready(b"\0\0\0\x02[]"),
        ready(b"\0\0\0\x28{\"files\":[[\"../x\",1,\"00\"]],\"more\":false}"),
    ];
    for end in ["origin", "landing"] {
        for bytes in &nonsense {
            let scene = Scene::new(Way::Command);
            let cargo = scene.backup("a-1-1", &[b"content"]);
            std::fs::write(scene.root.join(format!("ssh/nonsense.{end}")), bytes).unwrap();
            let error = scene.route().carry(&cargo, &Tally::default()).await.unwrap_err();
            let fits = matches!(
                error,
                TransportError::Broken { .. } | TransportError::Host { .. } | TransportError::Refused(_)
            );
            assert!(fits, "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_unit_is_one_process_s_at_a_time_and_an_interrupted_one_goes_on() {
    let scene = Scene::new(Way::Command);
    let content = noise(11, 30_000_000);
    let cargo = scene.backup("a-1-1", &[&content]);
    let (route, tally) = (scene.route(), Tally::default());
    {
        let carrying = route.carry(&cargo, &tally);
        tokio::pin!(carrying);
        while tally.so_far().content_bytes < 1_000_000 {
            tokio::select! {
                ended = &mut carrying => panic!("{ended:?}"),
                () = tokio::time::sleep(std::time::Duration::from_millis(1)) => {}
            }
        }
        let error = route.carry(&cargo, &Tally::default()).await.unwrap_err();
        assert!(error.to_string().contains("another process works on this unit"), "{error}");
        assert!(route.release(&unit("a-1-1")).await.is_err());
    }
    // Dropped in the middle. The process at the other end may take a moment to see it.
    let again = Tally::default();
    let mut delivered = route.carry(&cargo, &again).await;
    for _ in 0..100 {
        if !delivered.as_ref().is_err_and(|error| error.to_string().contains("another process")) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        delivered = route.carry(&cargo, &again).await;
    }
    assert_arrived(&cargo, &delivered.unwrap().at, &[&content]);
    assert!(again.so_far().content_bytes < 30_000_000);
}
