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
 * Installing and upgrading.
 *
 * @package    standin
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

/**
 * Makes a site of an empty database.
 *
 * As in Moodle, "upgraderunning" is there while this works, "rolesactive" once it is done, and what was begun is found by
 * the tables that are there already.
 *
 * @param array $options Those of install_database.php.
 */
function install_cli_database(array $options) {
    global $CFG, $DB;
    echo "-------------------------------------------------------------------------------\n== Setting up database ==\n";
    component_done('System', function () use ($DB) {
        $manager = $DB->get_manager();
        $manager->install_from_schema($manager->get_install_xml_schema());
        set_config('upgraderunning', time() + 300);
        set_config('rolesactive', 0);
        $DB->insert_record('course', ['category' => 0, 'fullname' => '', 'shortname' => '', 'format' => 'site']);
        create_user('guest', 'Guest user', 'root@localhost');
        set_config('siteadmins', create_user('admin', 'Admin', ''));
        set_config('siteidentifier', bin2hex(random_bytes(16)));
        save_core_version();
    });
    upgrade_plugins();
    $admin = ['id' => (int) $CFG->siteadmins];
    $DB->set_field('user', 'password', password_hash($options['adminpass'], PASSWORD_DEFAULT), $admin);
    $DB->set_field('user', 'email', $options['adminemail'], $admin);
    if ($options['adminuser'] !== 'guest') {
        $DB->set_field('user', 'username', $options['adminuser'], $admin);
    }
    set_config('supportemail', $options['supportemail'] ?: $options['adminemail']);
    set_config('rolesactive', 1);
    upgrade_finished();
    foreach (['theme' => 'boost', 'timezone' => 'Europe/London', 'lang' => $CFG->lang] as $name => $value) {
        set_config($name, $value);
    }
    $DB->set_field('course', 'shortname', $options['shortname'], ['format' => 'site']);
    $DB->set_field('course', 'fullname', $options['fullname'], ['format' => 'site']);
}

/**
 * Brings the database to the version of the code.
 */
function upgrade_all() {
    set_config('upgraderunning', time() + 300);
    component_done('System', fn() => save_core_version());
    upgrade_plugins();
    upgrade_finished();
}

/**
 * Installs the plugins that are new, and upgrades those with another version. What a new one has in db/install.php is run.
 * Tables of plugins are not made.
 */
function upgrade_plugins() {
    $versions = core_component::get_all_versions();
    foreach (core_component::get_plugins() as $component => $directory) {
        $stored = get_config($component, 'version');
        if ($stored === (string) $versions[$component]) {
            continue;
        }
        component_done($component, function () use ($component, $directory, $versions, $stored) {
            set_config('version', $versions[$component], $component);
            if ($stored === false && file_exists("$directory/db/install.php")) {
                require_once("$directory/db/install.php");
                // An activity's function is named without its type.
                $short = preg_replace('/^mod_/', '', $component);
                "xmldb_{$short}_install"();
            }
        });
    }
}

/**
 * Notes the core's version.
 */
function save_core_version() {
    foreach (core_component::core() as $name => $value) {
        set_config($name, $value);
    }
}

/**
 * Notes that the database is at the version of the code.
 */
function upgrade_finished() {
    set_config('allversionshash', core_component::get_all_versions_hash());
    unset_config('upgraderunning');
}

/**
 * Does something for a component, and tells of it.
 *
 * @param string $component
 * @param callable $work
 */
function component_done($component, callable $work) {
    $begun = microtime(true);
    echo "-->$component\n";
    $work();
    echo '++ Success (' . number_format(microtime(true) - $begun, 2) . " seconds) ++\n";
}

/**
 * Adds a user who cannot log in yet.
 *
 * @param string $username
 * @param string $firstname
 * @param string $email
 * @return int The user's id.
 */
function create_user($username, $firstname, $email) {
    global $DB;
    return $DB->insert_record('user', [
        'username' => $username, 'password' => 'not cached', 'firstname' => $firstname, 'lastname' => 'User',
        'email' => $email, 'deleted' => 0,
    ]);
}
