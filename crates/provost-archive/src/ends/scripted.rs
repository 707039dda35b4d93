//! Two Moodles and the way between them made of plain files, which do and fail as told: what kills are tried on by the thousand.
//!
//! They are as slow, as forgetful and as much in need of being looked at as real ones: a restored course is there long before it is whole,
//! a file that is being carried is half there, and whoever does something twice leaves two of it. Several processes may use one world.

mod disk;
mod script;
mod source;
mod target;
mod way;
mod witness;

pub use disk::{Course, Deed, World};
pub use script::{Fate, Script};

use std::sync::Arc;

use super::Ends;

/// The ends of a session in a scripted world.
pub fn ends(world: World) -> Ends {
    let world = Arc::new(world);
    Ends {
        source: Arc::new(source::ScriptedSource(world.clone())),
        target: Arc::new(target::ScriptedTarget(world.clone())),
        way: Arc::new(way::ScriptedWay(world.clone())),
        witness: Arc::new(witness::ScriptedWitness(world)),
        same_site: false,
    }
}

#[cfg(test)]
mod tests;
