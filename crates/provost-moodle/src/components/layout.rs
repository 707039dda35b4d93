//! Where the web root is in a tree.

/// How a Moodle tree is laid out: until 5.0 the top of the tree is the web root; from 5.1 on it is `public/`, with
/// Moodle's `version.php`, `lib/components.json` and all plugins under it. `config.php` stays at the top in both.
///
/// All paths here are relative to the top of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Layout {
    /// Whether the web root is `public/`.
    pub public: bool,
}

impl Layout {
    /// Decides by what is in the tree, never by a version number: forks and development branches move on their own.
    /// `exists` is asked about paths relative to the top. `None` if this is no Moodle tree.
    pub fn detect(exists: impl Fn(&str) -> bool) -> Option<Self> {
        [Self { public: true }, Self { public: false }]
            .into_iter()
            .find(|layout| exists(&layout.version_php()) && exists(&layout.components_json()))
    }

    /// Returns the web root: `public`, or the empty text for the top itself.
    pub fn web_root(self) -> &'static str {
        if self.public { "public" } else { "" }
    }

    /// Returns the path of Moodle's own `version.php`.
    pub fn version_php(self) -> String {
        self.plugin_path("version.php")
    }

    /// Returns the path of the list of plugin types.
    pub fn components_json(self) -> String {
        self.plugin_path("lib/components.json")
    }

    /// Returns the path of what [`crate::components::PluginTypes::directory`] gave, or of anything else that is named
    /// relative to the web root.
    pub fn plugin_path(self, directory: &str) -> String {
        if self.public { format!("public/{directory}") } else { directory.to_owned() }
    }
}
