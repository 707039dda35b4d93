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
 * Files that plugins keep for the whole site: those of the system's context, by component, area and item.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class areas {

    /** @var int The largest file that goes through the channel, in bytes. */
    public const LARGEST = 4 << 20;

    /**
     * A component and an area.
     *
     * @param array $params
     * @return array component, area, item.
     * @throws failure If they are none.
     */
    public static function place(array $params): array {
        [$component, $area, $item] = [$params['component'] ?? '', $params['area'] ?? '', $params['item'] ?? 0];
        if ($component === '' || $component !== clean_param($component, PARAM_COMPONENT) || $area === '' || $area !== clean_param($area, PARAM_AREA)) {
            throw new failure('bad_request', "'$component' and '$area' are no component and area of files");
        }
        return [$component, $area, (int) $item];
    }

    /**
     * A path within an area, as its directory and name.
     *
     * @param mixed $path
     * @return string[]
     * @throws failure If it is none.
     */
    public static function path(mixed $path): array {
        $path = '/' . ltrim(is_string($path) ? $path : '', '/');
        [$directory, $name] = [rtrim(dirname($path), '/') . '/', basename($path)];
        if ($name === '' || $name !== clean_param($name, PARAM_FILE) || $directory !== clean_param($directory, PARAM_PATH)) {
            throw new failure('bad_request', "'$path' is no path of a file");
        }
        return [$directory, $name];
    }

    /**
     * The files of an area.
     *
     * @param string $component
     * @param string $area
     * @param int|null $item Null for all.
     * @return \stored_file[]
     */
    public static function files(string $component, string $area, ?int $item): array {
        $context = \context_system::instance()->id;
        $files = get_file_storage()->get_area_files($context, $component, $area, $item ?? false, 'itemid, filepath, filename', false);
        return array_values($files);
    }

    /**
     * Says to the setting that keeps a file there that it is another one: theme_boost/logo has its file in the area "logo" of theme_boost.
     *
     * @param string $component
     * @param string $area
     */
    public static function tell_setting(string $component, string $area): void {
        global $CFG;
        require_once("$CFG->libdir/adminlib.php");
        $files = self::files($component, $area, 0);
        $value = $files ? $files[0]->get_filepath() . $files[0]->get_filename() : '';
        $setting = self::setting(admin_get_root(true, true), $component, $area);
        if ($setting === null) {
            return;
        }
        $before = $setting->get_setting();
        if ($before !== $value) {
            set_config($area, $value, $component);
            add_to_config_log($area, $before, $value, $component);
        }
        $setting->post_write_settings($before);
        theme_reset_all_caches();
    }

    /**
     * The setting of that name that is a file.
     *
     * @param \part_of_admin_tree $part
     * @param string $component
     * @param string $name
     * @return \admin_setting|null
     */
    private static function setting(\part_of_admin_tree $part, string $component, string $name): ?\admin_setting {
        if ($part instanceof \admin_category) {
            foreach ($part->get_children() as $child) {
                $found = self::setting($child, $component, $name);
                if ($found !== null) {
                    return $found;
                }
            }
        } else if ($part instanceof \admin_settingpage) {
            foreach ((array) $part->settings as $setting) {
                if ($setting instanceof \admin_setting_configstoredfile && $setting->plugin === $component && $setting->name === $name) {
                    return $setting;
                }
            }
        }
        return null;
    }
}
