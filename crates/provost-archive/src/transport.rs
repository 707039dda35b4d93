//! How contents get from one platform to the other.
