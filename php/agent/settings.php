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
 * Settings, written as the pages of the site administration write them: checked, with what follows from them, and in the log of changes.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class settings {

    /** @var true[] Settings whose values are never written down, by component and name. */
    private array $secrets = [];

    /** @var \admin_setting[] The settings that have a place in the site administration, by "component/name". */
    private array $known = [];

    /**
     * Reads what the site administration has of some settings.
     *
     * @param string[][] $wanted Each a component, "core" or a plugin's name, and a name.
     */
    public function __construct(array $wanted) {
        global $CFG;
        require_once("$CFG->libdir/adminlib.php");
        require_once(__DIR__ . '/setting_pages.php');
        foreach ($wanted as [$component, $name]) {
            if (str_starts_with($component, 'mod_')) {
                $wanted[] = [substr($component, 4), $name];
            }
        }
        $this->known = setting_pages::of($wanted) ?? setting_pages::all();
    }

    /**
     * Whether config.php decides over a setting.
     *
     * @param string $component
     * @param string $name
     * @return bool
     */
    public static function is_forced(string $component, string $name): bool {
        global $CFG;
        $forced = $component === 'core' ? $CFG->config_php_settings : $CFG->forced_plugin_settings[$component] ?? [];
        return array_key_exists($name, $forced);
    }

    /**
     * What is stored of a setting: by the database itself, or where the setting keeps it elsewhere (the front page's name), by itself.
     *
     * @param string $component
     * @param string $name
     * @return string|null Null if it is not set.
     */
    public function stored(string $component, string $name): ?string {
        global $DB;
        $table = $component === 'core' ? 'config' : 'config_plugins';
        $value = $DB->get_field($table, 'value', ['name' => $name] + ($component === 'core' ? [] : ['plugin' => $component]));
        if ($value !== false) {
            return $value === null ? '' : (string) $value;
        }
        $setting = $this->known["$component/$name"] ?? null;
        $own = $setting instanceof \admin_setting_sitesettext || $setting instanceof \admin_setting_special_frontpagedesc;
        $value = $own ? $setting->get_setting() : null;
        return is_string($value) ? $value : null;
    }

    /**
     * Why a value would not be taken, as far as that can be told without trying it.
     *
     * @param string $component
     * @param string $name
     * @param string|null $value
     * @return string|null
     */
    public function fault(string $component, string $name, ?string $value): ?string {
        if (self::is_forced($component, $name)) {
            return 'it is set in config.php, which is stronger than the database';
        }
        if ("$component/$name" === 'core/theme' && $value !== null) {
            // It has a page of its own.
            $there = theme_get_config_file_path(clean_param($value, PARAM_THEME)) !== null;
            return $there ? null : "there is no theme '$value'";
        }
        $setting = $this->known["$component/$name"] ?? null;
        $short = preg_replace('/^mod_/', '', $component);
        if ($setting === null && $value !== null && isset($this->known["$short/$name"])) {
            // Most activity modules have their settings by their name alone, and some by the whole one.
            return "its name is $short/$name";
        }
        if ($setting === null || $value === null) {
            return null;
        }
        if ($setting instanceof \admin_setting_configstoredfile) {
            return 'it is a file';
        }
        if ($setting instanceof \admin_setting_configcheckbox) {
            $fits = in_array($value, [(string) $setting->yes, (string) $setting->no], true);
            return $fits ? null : "it is $setting->yes or $setting->no";
        }
        if ($setting instanceof \admin_setting_configselect && !($setting instanceof \admin_setting_configmultiselect)) {
            $choices = $setting->load_choices() ? array_map('strval', array_keys((array) $setting->choices)) : [];
            return !$choices || in_array($value, $choices, true) ? null : 'it is one of ' . self::some($choices);
        }
        if ($setting instanceof \admin_setting_configtext) {
            $fits = $setting->validate($value);
            return $fits === true ? null : (is_string($fits) && $fits !== '' ? $fits : 'it is not valid');
        }
        return null;
    }

    /**
     * Says that the value of a setting is a secret.
     *
     * @param string $component
     * @param string $name
     */
    public function is_secret(string $component, string $name): void {
        $this->secrets["$component/$name"] = true;
    }

    /**
     * Writes a value and reads it back.
     *
     * @param string $component
     * @param string $name
     * @param string|null $value As it is stored; null takes it away.
     * @return string|null What is stored now.
     * @throws failure If it was not taken. What was there is there still.
     */
    public function write(string $component, string $name, ?string $value): ?string {
        $before = $this->stored($component, $name);
        if ($before === $value) {
            return $before;
        }
        $setting = $this->known["$component/$name"] ?? null;
        if ($setting === null || $value === null) {
            $this->write_plainly($component, $name, $before, $value);
            return $this->stored($component, $name);
        }
        $original = $setting->get_setting();
        $said = (string) $setting->write_setting($this->as_form($setting, $component, $name, $value));
        $after = $this->stored($component, $name);
        if ($said === '' && $this->is_as_meant($setting, $value, $after)) {
            $setting->post_write_settings($original);
            return $after;
        }
        if ($after !== $before) {
            $this->write_plainly($component, $name, $after, $before);
        }
        throw new failure('refused', "$component/$name does not take this value" . ($said === '' ? '' : ": $said"));
    }

    /**
     * Writes what no page of the site administration has, or takes a value away: there is no check for that, but the log of changes.
     *
     * @param string $component
     * @param string $name
     * @param string|null $before
     * @param string|null $value
     */
    private function write_plainly(string $component, string $name, ?string $before, ?string $value): void {
        $plugin = $component === 'core' ? null : $component;
        set_config($name, $value, $plugin);
        if (isset($this->secrets["$component/$name"])) {
            // As core does for settings that it knows to be passwords.
            [$before, $value] = array_map(fn(?string $one): ?string => (string) $one === '' ? $one : '********', [$before, $value]);
        }
        add_to_config_log($name, $before, $value, $plugin);
        if ($plugin === null && $name === 'theme') {
            theme_reset_all_caches();
        }
    }

    /**
     * A stored value as the setting's own form sends it: an array for several choices, a time or a duration. The setting itself tells that,
     * when it is made to believe that the value is stored already.
     *
     * @param \admin_setting $setting
     * @param string $component
     * @param string $name
     * @param string $value
     * @return mixed
     */
    private function as_form(\admin_setting $setting, string $component, string $name, string $value): mixed {
        global $CFG;
        if ($setting instanceof \admin_setting_encryptedpassword || $setting instanceof \admin_setting_sitesettext) {
            return $value;
        }
        $kept = [$CFG->config_php_settings, $CFG->forced_plugin_settings, property_exists($CFG, $name), $CFG->$name ?? null];
        if ($component === 'core') {
            $CFG->config_php_settings[$name] = $CFG->$name = $value;
        } else {
            $CFG->forced_plugin_settings[$component][$name] = $value;
        }
        try {
            $form = $setting->get_setting();
        } finally {
            [$CFG->config_php_settings, $CFG->forced_plugin_settings, $was, $before] = $kept;
            if ($component === 'core') {
                $CFG->$name = $before;
                if (!$was) {
                    unset($CFG->$name);
                }
            }
        }
        return $form ?? $value;
    }

    /**
     * Whether what is stored is what was meant. Lists may be in another order, and a password is stored in another form.
     *
     * @param \admin_setting $setting
     * @param string $meant
     * @param string|null $stored
     * @return bool
     */
    private function is_as_meant(\admin_setting $setting, string $meant, ?string $stored): bool {
        if ($setting instanceof \admin_setting_encryptedpassword) {
            return true;
        }
        $parts = function (string $text): array {
            $parts = explode(',', str_replace("\r\n", "\n", trim($text)));
            sort($parts);
            return $parts;
        };
        return $stored !== null && $parts($stored) === $parts($meant);
    }

    /**
     * A list that people can read.
     *
     * @param string[] $words
     * @return string
     */
    private static function some(array $words): string {
        return implode(', ', array_slice($words, 0, 12)) . (count($words) > 12 ? ', …' : '');
    }
}
