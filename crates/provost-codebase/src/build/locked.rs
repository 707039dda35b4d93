//! From a codebase as a lock has it to its build, and to the list of its files without one.

use provost_engine::context::Context;
use provost_engine::plan::StepId;
use provost_fleet::lock::LockedCodebase;

use crate::git::Git;
use crate::import::bring_back;
use crate::object::ObjectId;
use crate::patch;
use crate::resolve::Origins;
use crate::store::Store;

use super::inspect::kept_plan;
use super::{Assembled, BuildError, Origin, Recipe, assemble_for};

/// Makes the build of a lock's codebase unless it is there. Zips and directories that the cache has lost are imported again.
///
/// # Errors
/// See [`BuildError`].
pub async fn assemble_locked(
    cx: &Context,
    step: &StepId,
    origins: &Origins,
    origin: &Origin,
) -> Result<Assembled, BuildError> {
    let recipe = recipe_of(&Git::find(cx).await?, origins, &origin.locked).await?;
    assemble_for(cx, step, &recipe, Some(origin)).await
}

/// Sees to it that the files of a lock's codebase are listed in the store, whether it is built or not; what is missing for that
/// is downloaded.
///
/// # Errors
/// See [`BuildError`].
pub async fn list_locked(cx: &Context, origins: &Origins, locked: &LockedCodebase) -> Result<(), BuildError> {
    let (tree, root): (ObjectId, _) = (locked.tree.parse()?, cx.paths.store());
    if kept_plan(&Store::look(&root), tree).is_some() {
        return Ok(());
    }
    let git = Git::find(cx).await?;
    let recipe = recipe_of(&git, origins, locked).await?;
    let store = Store::open(&root)?;
    let _held = store.hold(cx).await?;
    recipe.plan(&git, &store).await?;
    Ok(())
}

async fn recipe_of(git: &Git, origins: &Origins, locked: &LockedCodebase) -> Result<Recipe, BuildError> {
    bring_back(git, origins, locked).await?;
    let patches = patch::read_locked(origins, &locked.patches)?;
    Ok(Recipe::try_from(locked)?.with_patches(patches))
}
