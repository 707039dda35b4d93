mod brute_force;
mod stories;

use super::*;
use crate::fit::Misfit;
use crate::version_php::{Dependency, Version};

type Facts = Result<PluginVersion, String>;

fn component(text: &str) -> Component {
    text.parse().expect("a component")
}

fn version(number: u64) -> Version {
    number.to_string().parse().expect("a version")
}

/// A version of a plugin, with as much PHP as it takes to say what is asked for.
fn facts(number: u64, body: &str) -> Facts {
    let source = format!("<?php\n$plugin->version = {number};\n{body}");
    let read = PluginVersion::read(source.as_bytes());
    assert!(read.is_ok(), "{body}: {read:?}");
    read.map_err(|error| error.to_string())
}

/// A Moodle by its branch, with one plugin that it ships.
fn moodle(number: u64, branch: u32) -> Moodle {
    Moodle {
        version: version(number),
        branch,
        plugins: BTreeMap::from([(component("mod_forum"), version(20))]),
    }
}

/// Plugins for a test: a name, which candidate is pinned, and what each candidate says.
#[derive(Debug)]
struct World {
    plugins: BTreeMap<Component, (Option<usize>, Vec<Facts>)>,
    asked: BTreeSet<Need>,
}

impl World {
    fn new(plugins: Vec<(&str, Option<usize>, Vec<Facts>)>) -> Self {
        let plugins = plugins.into_iter().map(|(name, pinned, facts)| (component(name), (pinned, facts)));
        Self { plugins: plugins.collect(), asked: BTreeSet::new() }
    }

    fn solver(&self, moodle: Moodle) -> Solver {
        let declared = self.plugins.iter().map(|(component, (pinned, facts))| {
            let label = |at: usize| format!("c{at}");
            let declared = Declared { candidates: (0..facts.len()).map(label).collect(), pinned: *pinned };
            (component.clone(), declared)
        });
        Solver::new(moodle, declared.collect())
    }

    /// Drives a solver to its end, and checks that it asks for nothing twice.
    fn drive(&mut self, mut solver: Solver) -> Result<Solution, Failure> {
        loop {
            match solver.step() {
                Step::Solved(solution) => return Ok(solution),
                Step::Failed(failure) => return Err(failure),
                Step::Need(needs) => {
                    assert!(!needs.is_empty(), "asks for nothing");
                    for need in needs {
                        let facts = self.plugins[&need.component].1[need.candidate].clone();
                        solver.supply(&need, facts);
                        assert!(self.asked.insert(need.clone()), "{need:?} twice");
                    }
                }
            }
        }
    }

    fn solve(&mut self, moodle: Moodle) -> Result<Solution, Failure> {
        let solver = self.solver(moodle);
        self.drive(solver)
    }
}

fn chosen(solution: &Solution) -> String {
    let chosen = solution.choices.iter().map(|(component, chosen)| format!("{component} {}", chosen.version));
    chosen.collect::<Vec<_>>().join(", ")
}
