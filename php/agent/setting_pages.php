<?php
// This file is part of Provost
//
// Provost is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Provost is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Provost.  If not, see <http://www.gnu.org/licenses/>.

namespace provost;

/**
 * The pages of the site administration that some settings are on, without all the others.
 *
 * The whole tree takes a third of a second, which is most of what it takes to write settings: files of some 400 plugins are read. A file
 * that names neither a setting nor its component makes no page of it, so the texts tell which files are needed. What cannot be told
 * so is left to the whole tree.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class setting_pages {

    /** @var int More files than that are not worth choosing. */
    private const MANY = 60;

    /** @var string[] Texts of the files of core's own pages, by path. */
    private array $texts = [];

    /** @var string[] Those of them that are needed. */
    private array $core = [];

    /** @var string[] Files of plugins by component, likewise. */
    private array $plugins = [];

    /** @var \admin_setting[] What was found, by "component/name". */
    private array $found = [];

    /**
     * The settings, and those that are on the same pages.
     *
     * @param string[][] $wanted Each a component, "core" or a plugin's name, and a name.
     * @return \admin_setting[]|null By "component/name"; null where only the whole tree can tell.
     */
    public static function of(array $wanted): ?array {
        global $ADMIN;
        $pages = new self();
        $before = $ADMIN;
        try {
            return $pages->read($wanted) ? $pages->found : null;
        } catch (\Throwable $thrown) {
            // What is not made for being alone is read with all others.
            return null;
        } finally {
            $ADMIN = $before;
        }
    }

    /**
     * All settings of the whole tree.
     *
     * @return \admin_setting[]
     */
    public static function all(): array {
        $pages = new self();
        $pages->collect(admin_get_root(true, true));
        return $pages->found;
    }

    /**
     * Reads the files that are needed.
     *
     * @param string[][] $wanted
     * @return bool Whether it can be told by these.
     */
    private function read(array $wanted): bool {
        $this->choose($wanted);
        if (count($this->core) + count($this->plugins) > self::MANY) {
            return false;
        }
        foreach (array_keys($this->plugins) as $component) {
            $method = new \ReflectionMethod($this->info($component), 'load_settings');
            if ($method->getDeclaringClass()->getName() !== \core\plugininfo\base::class) {
                continue;
            }
            // A file of core's reads those of all plugins of this type.
            unset($this->plugins[$component]);
            [$type] = \core_component::normalize_component($component);
            $reader = array_filter($this->texts, fn(string $text): bool => str_contains($text, "get_plugin_list('$type')"));
            if (!$reader) {
                return false;
            }
            $this->core += $reader;
        }
        $this->collect($this->tree());
        foreach ($wanted as [$component, $name]) {
            // Some settings of core have their names in classes of adminlib.php, and a plugin of a plugin has them on the latter's page. All
            // others are on their plugin's own page, or on one that names it.
            [$type] = \core_component::normalize_component($component);
            $elsewhere = $component === 'core' || \core_component::get_subtype_parent($type) !== null;
            if ($elsewhere && !isset($this->found["$component/$name"])) {
                return false;
            }
        }
        return true;
    }

    /**
     * Chooses files by their texts.
     *
     * @param string[][] $wanted
     */
    private function choose(array $wanted): void {
        global $CFG;
        $words = [];
        foreach ($wanted as [$component, $name]) {
            $alone = preg_quote($name, '~');
            $words[] = $component === 'core' ? "['\"](?:moodle/|core/)?{$alone}['\"]" : "['\"]" . preg_quote($component, '~') . '/';
            if ($component === 'core') {
                array_push($words, ...$this->classes($name));
            }
        }
        $pattern = '~' . implode('|', array_unique($words)) . '~';
        foreach (glob("$CFG->dirroot/$CFG->admin/settings/*.php") as $file) {
            $text = file_get_contents($file);
            if (basename($file) === 'top.php') {
                continue;
            }
            $this->texts[$file] = $text;
            if (preg_match($pattern, $text)) {
                $this->core[$file] = $text;
            }
        }
        $components = array_column($wanted, 0);
        foreach (array_keys(\core_component::get_plugin_types()) as $type) {
            foreach (\core_component::get_plugin_list($type) as $plugin => $directory) {
                if (!is_file("$directory/settings.php")) {
                    continue;
                }
                $text = file_get_contents("$directory/settings.php");
                $own = in_array("{$type}_$plugin", $components, true) || ($type === 'mod' && in_array($plugin, $components, true));
                if ($own || preg_match($pattern, $text)) {
                    $this->plugins["{$type}_$plugin"] = $text;
                }
            }
        }
    }

    /**
     * The settings that adminlib.php has as classes of their own, with their names in them.
     *
     * @param string $name
     * @return string[] Patterns of their names.
     */
    private function classes(string $name): array {
        global $CFG;
        static $parts = null;
        $parts ??= preg_split('~^(?:abstract |final )?class (\w+)~m', file_get_contents("$CFG->libdir/adminlib.php"), -1, PREG_SPLIT_DELIM_CAPTURE);
        $found = [];
        for ($at = 1; $at + 1 < count($parts); $at += 2) {
            if (str_contains($parts[$at + 1], "'$name'")) {
                $found[] = "new {$parts[$at]}\b";
            }
        }
        return $found;
    }

    /**
     * The tree of the chosen files. They are included here as in admin_get_root(), whose variables they take for theirs.
     *
     * @return \admin_root
     */
    private function tree(): \admin_root {
        global $CFG, $DB, $OUTPUT, $ADMIN, $PAGE, $USER, $SITE;
        $ADMIN = new \admin_root(true);
        require("$CFG->dirroot/$CFG->admin/settings/top.php");
        $last = "$CFG->dirroot/$CFG->admin/settings/plugins.php";
        foreach (array_diff(array_keys($this->core), [$last]) as $file) {
            require($file);
        }
        if (isset($this->core[$last])) {
            $this->only_these();
            try {
                require($last);
            } finally {
                \core_plugin_manager::reset_caches();
            }
            return $ADMIN;
        }
        preg_match_all("~new admin_category\\('(\\w+)'~", file_get_contents($last), $categories);
        foreach ($categories[1] as $category) {
            if (!$ADMIN->locate($category)) {
                $ADMIN->add('modules', new \admin_category($category, $category));
            }
        }
        foreach (array_keys($this->plugins) as $component) {
            $this->info($component)->load_settings($ADMIN, 'modules', true);
        }
        return $ADMIN;
    }

    /**
     * What core knows of a plugin, as far as its page of settings needs it: the manager would read the versions of all plugins first.
     *
     * @param string $component
     * @return \core\plugininfo\base
     */
    private function info(string $component): \core\plugininfo\base {
        [$type, $name] = \core_component::normalize_component($component);
        $class = \core_plugin_manager::resolve_plugininfo_class($type);
        $info = new $class();
        $info->type = $type;
        $info->typerootdir = \core_component::get_plugin_types()[$type];
        $info->name = $name;
        $info->rootdir = \core_component::get_component_directory($component);
        $info->pluginman = \core_plugin_manager::instance();
        $info->displayname = $component;
        $info->versiondisk = $info->versiondb = get_config($component, 'version');
        return $info;
    }

    /**
     * Lets the file of all plugins see the chosen ones alone.
     */
    private function only_these(): void {
        $chosen = array_fill_keys(array_keys(\core_component::get_plugin_types()), []);
        // Of these types core asks for every plugin while it shows the others.
        foreach (['communication', 'enrol', 'media', 'qbank'] as $type) {
            foreach (array_keys(\core_component::get_plugin_list($type)) as $name) {
                $chosen[$type][$name] = $this->info("{$type}_$name");
            }
        }
        foreach (array_keys($this->plugins) as $component) {
            [$type, $name] = \core_component::normalize_component($component);
            $chosen[$type][$name] = $this->info($component);
        }
        $known = new \ReflectionProperty(\core_plugin_manager::class, 'pluginsinfo');
        $known->setValue(\core_plugin_manager::instance(), $chosen);
    }

    /**
     * Collects settings.
     *
     * @param \part_of_admin_tree $part
     */
    private function collect(\part_of_admin_tree $part): void {
        if ($part instanceof \admin_category) {
            array_map($this->collect(...), $part->get_children());
        } else if ($part instanceof \admin_settingpage) {
            foreach ((array) $part->settings as $setting) {
                if ($setting instanceof \admin_setting && !$setting->nosave) {
                    $this->found[($setting->plugin ?? 'core') . "/$setting->name"] = $setting;
                }
            }
        }
    }
}
