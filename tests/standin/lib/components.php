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

/**
 * Which plugins the code has, and whom it works for.
 *
 * @package    standin
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace core\session {

    /**
     * Whom the process works for.
     */
    class manager {

        /**
         * Sets the user.
         *
         * @param \stdClass $user
         */
        public static function set_user(\stdClass $user) {
            global $USER;
            $USER = $user;
        }

        /**
         * Ends all sessions.
         */
        public static function kill_all_sessions() {
            global $CFG;
            array_map('unlink', glob("$CFG->dataroot/sessions/sess_*"));
        }
    }
}

namespace core\event {

    /**
     * That texts were replaced.
     */
    class database_text_field_content_replaced {

        /**
         * Makes one; nobody listens here.
         *
         * @param array $data
         * @return self
         */
        public static function create(array $data) {
            return new self();
        }

        /**
         * Tells everybody.
         */
        public function trigger() {
        }
    }
}

namespace {

    defined('MOODLE_INTERNAL') || die();

    /**
     * Where rights hold.
     */
    class context_system {

        /**
         * The one there is.
         *
         * @return self
         */
        public static function instance() {
            return new self();
        }
    }

    /**
     * Texts.
     */
    class core_text {

        /**
         * The length in characters.
         *
         * @param string $text
         * @return int
         */
        public static function strlen($text) {
            return preg_match_all('/./su', $text);
        }
    }

    /**
     * The components: the core, and the plugins in the directories that lib/components.json names.
     */
    class core_component {

        /**
         * Returns a hash of all versions.
         *
         * @return string
         */
        public static function get_all_versions_hash() {
            return sha1(serialize(self::get_all_versions()));
        }

        /**
         * Returns the version of each component, the core's first.
         *
         * @return array
         */
        public static function get_all_versions() {
            $versions = ['core' => self::core()->version];
            foreach (self::get_plugins() as $component => $directory) {
                $versions[$component] = self::plugin($directory)->version ?? null;
            }
            return $versions;
        }

        /**
         * Returns the directories of all plugins.
         *
         * @return array Of component to absolute path.
         */
        public static function get_plugins() {
            global $CFG;
            $types = json_decode(file_get_contents("$CFG->libdir/components.json"), true)['plugintypes'];
            $plugins = [];
            foreach ($types as $type => $directory) {
                foreach (glob("$CFG->dirroot/$directory/*/version.php") as $file) {
                    $plugins[$type . '_' . basename(dirname($file))] = dirname($file);
                }
            }
            ksort($plugins);
            return $plugins;
        }

        /**
         * Reads the core's version.php.
         *
         * @return stdClass With version, release and branch.
         */
        public static function core() {
            global $CFG;
            $version = $release = $branch = null;
            require("$CFG->dirroot/version.php");
            return (object) ['version' => $version, 'release' => $release, 'branch' => $branch];
        }

        /**
         * Reads a plugin's version.php.
         *
         * @param string $directory
         * @return stdClass
         */
        private static function plugin($directory) {
            global $CFG;
            $plugin = new stdClass();
            // Old ones write to this instead.
            $module = $plugin;
            require("$directory/version.php");
            return $plugin;
        }
    }
}
