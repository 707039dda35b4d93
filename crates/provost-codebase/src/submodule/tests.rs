use super::*;
use crate::build::Recipe;
use crate::resolve::{Spliced, Splicer};
use crate::testing::{Place, Repository, chain, git as run_git, real_cache};

async fn found(place: &Place) -> Git {
    Git::find(&place.cx).await.unwrap()
}

/// Adds a submodule's gitlink and its lines of `.gitmodules`.
fn link(repository: &Repository, path: &str, url: &str, commit: ObjectId) -> ObjectId {
    let file = repository.path.join(".gitmodules");
    let before = std::fs::read_to_string(&file).unwrap_or_default();
    let text = format!(
        "{before}[submodule \"{path}\"]\n\tpath = {path}\n\turl = {url}\n\tbranch = main\n\tupdate = !false\n"
    );
    std::fs::write(&file, text).unwrap();
    gitlink(repository, path, commit)
}

fn gitlink(repository: &Repository, path: &str, commit: ObjectId) -> ObjectId {
    repository.git(&["add", "--all", "--force"]);
    repository.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},{path}")]);
    repository.git(&["commit", "--quiet", "--message=submodule"]);
    // So that a later `add --all` does not take it away again.
    std::fs::create_dir_all(repository.path.join(path)).unwrap();
    repository.head()
}

/// A plugin with a library that has one too.
fn plugin(place: &Place, scheme: impl Fn(&Repository) -> String) -> (Source, ObjectId) {
    let inner = place.repository("inner", &[("x*", "inner")]);
    let library = place.repository("library", &[("l", "library")]);
    let commit = link(&library, "deep/inner", "../inner", inner.head());
    library.commit(&[("l", "later")]);
    let plugin = place.repository("plugin", &[("version.php", "<?php"), ("lib.php", ""), ("liba", "")]);
    let head = link(&plugin, "lib", &scheme(&library), commit);
    (Source::parse(&plugin.url()).unwrap(), head)
}

#[tokio::test]
async fn submodules_and_theirs_are_fetched_at_depth_one() {
    let place = Place::new();
    let (source, commit) = plugin(&place, |_| "../library".to_owned());
    let git = found(&place).await;
    git.fetch(&source, commit, None).await.unwrap();
    let all = expand(&git, &source, commit).await.unwrap();
    let paths: Vec<_> = all.iter().map(|one| (one.path.as_str(), one.reference.as_deref())).collect();
    assert_eq!(paths, [("lib", Some("refs/heads/main")), ("lib/deep/inner", Some("refs/heads/main"))]);
    assert_eq!(all[0].url, format!("file://{}/repositories/library", place.root));
    let cache = git.repository(&all[0].source);
    assert_eq!(run_git(&cache, &["rev-list", "--count", "--all"]), "1");

    // From the parts alone: the same tree as git's own, and its files.
    let mut splicer = Splicer::new(git.objects(&source).await.unwrap(), commit).await.unwrap();
    for one in &all {
        let objects = git.objects(&one.source).await.unwrap();
        assert_eq!(splicer.put(&one.path, objects, one.commit).await.unwrap(), Spliced::Filled);
    }
    let moodle = Part { source: source.clone(), commit, reference: None, path: String::new() };
    let parts = all.iter().map(|one| one.part("")).chain([moodle]).collect();
    let recipe = Recipe::new(splicer.tree(), parts);
    let listing = recipe.list(&git).await.unwrap();
    let paths: Vec<_> = listing.iter().map(|one| String::from_utf8_lossy(one.path).into_owned()).collect();
    insta::assert_debug_snapshot!(paths, @r#"
[
    ".gitmodules",
    "lib.php",
    "lib/.gitmodules",
    "lib/deep/inner/x",
    "lib/l",
    "liba",
    "version.php",
]
"#);
    assert_eq!(crate::build::TreePlan::new(listing).unwrap().tree(), splicer.tree());
}

#[tokio::test]
async fn a_commit_without_submodules_has_none() {
    let place = Place::new();
    let origin =
        place.repository("plugin", &[("a", "one"), (".gitmodules", "[submodule \"gone\"]\npath = gone\n")]);
    let source = Source::parse(origin.path.as_str()).unwrap();
    assert_eq!(expand(&found(&place).await, &source, origin.head()).await.unwrap(), []);
}

async fn error(place: &Place, repository: &Repository) -> String {
    let source = Source::parse(repository.path.as_str()).unwrap();
    let git = found(place).await;
    let error = expand(&git, &source, repository.head()).await.unwrap_err();
    chain(place, &error)
}

#[tokio::test]
async fn what_cannot_be_had_is_named() {
    let place = Place::new();
    let other = place.repository("other", &[("a", "")]);
    let undeclared = place.repository("undeclared", &[("a", "")]);
    gitlink(&undeclared, "lib/b", other.head());
    insta::assert_snapshot!(error(&place, &undeclared).await, @"ROOT/repositories/undeclared has a git submodule at `lib/b`, but its .gitmodules does not say where that comes from");

    let broken = place.repository("broken", &[(".gitmodules", "[submodule \"x\"\nurl")]);
    gitlink(&broken, "x", other.head());
    insta::assert_snapshot!(error(&place, &broken).await, @"the .gitmodules of ROOT/repositories/broken cannot be used: bad config line 2");

    // Git makes no such commit itself.
    let symlink = place.repository("symlink", &[("t@", "/etc/passwd")]);
    let tree = format!(
        "120000 blob {}\t.gitmodules\n160000 commit {}\tx\n",
        symlink.git(&["rev-parse", "HEAD:t"]),
        other.head()
    );
    std::fs::write(place.root.join("tree"), tree).unwrap();
    let make = format!("git -C {} mktree --missing <{}/tree", symlink.path, place.root);
    let tree = std::process::Command::new("sh").args(["-c", &make]).output().unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    let commit = symlink.git(&["commit-tree", "-m", "x", tree.trim()]);
    symlink.git(&["update-ref", "refs/heads/main", &commit]);
    insta::assert_snapshot!(error(&place, &symlink).await, @"the .gitmodules of ROOT/repositories/symlink cannot be used: it is a symlink");

    let long = "#".repeat(300_000);
    let long = place.repository("long", &[(".gitmodules", &long)]);
    gitlink(&long, "x", other.head());
    insta::assert_snapshot!(error(&place, &long).await, @"the .gitmodules of ROOT/repositories/long cannot be used: it has 300000 bytes");

    let commands = place.repository("commands", &[("a", "")]);
    link(&commands, "x", "ext::sh -c touch% /tmp/x", other.head());
    insta::assert_snapshot!(error(&place, &commands).await, @"the git submodule `x` of ROOT/repositories/commands has a URL that cannot be used: cannot use `ext::sh -c touch% /tmp/x` as a git repository: it is neither an absolute path nor a URL");

    let gone = place.repository("gone", &[("a", "")]);
    link(&gone, "x", "../other", "1234567890123456789012345678901234567890".parse().unwrap());
    insta::assert_snapshot!(error(&place, &gone).await, @"cannot get the git submodule `x`: ROOT/repositories/other does not have the commit 1234567890123456789012345678901234567890");
}

#[tokio::test]
async fn a_repository_in_itself_ends() {
    let place = Place::new();
    // No commit can name itself, but a chain of them can be as long as one likes.
    let chain_of = place.repository("chain", &[("a", "")]);
    for _ in 0..=DEEPEST {
        let before = chain_of.head();
        std::fs::remove_file(chain_of.path.join(".gitmodules")).ok();
        link(&chain_of, "x", "../chain", before);
    }
    insta::assert_snapshot!(error(&place, &chain_of).await, @"ROOT/repositories/chain at `x/x/x/x` has git submodules more than 4 levels deep");
    let source = Source::parse(chain_of.path.as_str()).unwrap();
    let one_less = chain_of.git(&["rev-parse", "HEAD:x"]).parse().unwrap();
    assert_eq!(expand(&found(&place).await, &source, one_less).await.unwrap().len(), DEEPEST);
}

#[tokio::test]
async fn a_plugin_from_elsewhere_reads_nothing_of_this_machine() {
    let place = Place::new();
    let git = found(&place).await;
    let other = place.repository("other", &[("secret", "")]);
    let evil = place.repository("evil", &[("a", "")]);
    link(&evil, "x", other.path.as_str(), other.head());
    let source = Source::parse("http://127.0.0.1:1/evil").unwrap();
    let mirror = git.repository(&source);
    std::fs::create_dir_all(mirror.parent().unwrap()).unwrap();
    run_git(&place.root, &["clone", "--quiet", "--mirror", evil.path.as_str(), mirror.as_str()]);
    let error = expand(&git, &source, evil.head()).await.unwrap_err();
    insta::assert_snapshot!(chain(&place, &error), @"the git submodule `x` of 127.0.0.1:1/evil has a URL that cannot be used: cannot use `ROOT/repositories/other` as a git repository: a repository from elsewhere may not name one of this machine");
}

#[test]
fn what_another_plugin_replaces_is_left_out() {
    let one = |path: &str| Submodule {
        path: path.to_owned(),
        source: Source::parse("/x").unwrap(),
        url: "/x".to_owned(),
        commit: ObjectId::new([0; 20]),
        reference: None,
    };
    let left = |all: &[&str], below: &str, others: &[&str]| {
        let all = outside(all.iter().map(|path| one(path)).collect(), below, others.iter().copied());
        all.into_iter().map(|one| one.path).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(left(&["mod/a", "mod/a/x", "mod/ab", "lib"], "", &["mod/a"]), "mod/ab lib");
    assert_eq!(left(&["x", "sub/y"], "mod/a", &["mod/a", "mod/a/sub", "mod"]), "x");
}

/// mod_hvp with its three libraries, from full mirrors put by hand.
#[tokio::test]
async fn a_real_plugin_is_what_git_clones() {
    const NAMES: [&str; 4] =
        ["h5p-moodle-plugin", "h5p-php-library", "h5p-editor-php-library", "h5p-php-report"];
    let cache = real_cache().map(|cache| cache.join("github.com/h5p"));
    let Some(cache) =
        cache.filter(|at| NAMES.iter().all(|name| at.join(format!("{name}.git/HEAD")).exists()))
    else {
        eprintln!("skipped: no mirrors of h5p in the git cache");
        return;
    };
    let place = Place::new();
    let git = found(&place).await;
    let here = place.cx.paths.git_cache().join("github.com");
    std::fs::create_dir_all(&here).unwrap();
    std::os::unix::fs::symlink(&cache, here.join("h5p")).unwrap();
    let source = Source::parse("https://github.com/h5p/h5p-moodle-plugin.git").unwrap();
    let commit: ObjectId = run_git(&git.repository(&source), &["rev-parse", "HEAD"]).parse().unwrap();
    let all = expand(&git, &source, commit).await.unwrap();
    assert_eq!(
        all.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(),
        ["editor", "library", "reporting"]
    );

    // What git makes of the same commits. Only they are asked for: these mirrors may lack some of their history.
    let from = place.root.join("from");
    let commits = all.iter().map(|one| (&one.source, one.commit)).chain([(&source, commit)]);
    for (source, commit) in commits {
        let mirror = git.repository(source);
        let origin = from.join(mirror.file_name().unwrap());
        run_git(&place.root, &["init", "--quiet", "--bare", "--initial-branch=master", origin.as_str()]);
        let wanted = format!("{commit}:refs/heads/master");
        run_git(&origin, &["fetch", "--quiet", "--depth=1", &format!("file://{mirror}"), &wanted]);
    }
    let clone = place.root.join("clone");
    let instead = format!("url.file://{from}/.insteadOf=https://github.com/h5p/");
    let with = ["-c", &instead, "-c", "protocol.file.allow=always", "-c", "core.autocrlf=false"];
    let arguments =
        ["clone", "--quiet", "--recurse-submodules", "https://github.com/h5p/h5p-moodle-plugin.git"];
    run_git(&place.root, &[&with[..], &arguments, &[clone.as_str()]].concat());
    let whole = Repository { path: place.root.join("whole") };
    std::fs::create_dir(&whole.path).unwrap();
    whole.git(&["init", "--quiet"]);
    let files = std::process::Command::new("sh")
        .args([
            "-c",
            "tar -C \"$0\" --exclude=.git -cf - . | tar -C \"$1\" -xf -",
            clone.as_str(),
            whole.path.as_str(),
        ])
        .status();
    assert!(files.unwrap().success());
    whole.git(&["add", "--all", "--force"]);
    let tree: ObjectId = whole.git(&["write-tree"]).parse().unwrap();

    let plugin = Part { source: source.clone(), commit, reference: None, path: String::new() };
    let recipe = Recipe::new(tree, all.iter().map(|one| one.part("")).chain([plugin]).collect());
    let listing = recipe.list(&git).await.unwrap();
    let lines: Vec<_> = whole.git(&["ls-files"]).lines().map(str::to_owned).collect();
    assert_eq!(listing.len(), lines.len());
    assert_eq!(crate::build::TreePlan::new(listing).unwrap().tree(), tree);
    let mut splicer = Splicer::new(git.objects(&source).await.unwrap(), commit).await.unwrap();
    for one in &all {
        splicer.put(&one.path, git.objects(&one.source).await.unwrap(), one.commit).await.unwrap();
    }
    assert_eq!(splicer.tree(), tree);
}
