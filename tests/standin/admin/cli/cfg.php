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
 * Reads and writes configuration.
 *
 * Exit statuses: 3, the value is not set; 4, it is set in config.php and cannot be changed.
 *
 * @package    standin
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

define('CLI_SCRIPT', true);
require(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/clilib.php');

$options = cli_options(['component' => null, 'name' => null, 'set' => null, 'unset' => false, 'json' => false]);
$component = $options['component'] === 'core' ? null : $options['component'];
$name = $options['name'];

if ($options['set'] !== null || $options['unset']) {
    if ($name === null) {
        cli_error('Please specify a name');
    }
    $forced = $component === null ? $CFG->config_php_settings : $CFG->forced_plugin_settings[$component] ?? [];
    if (array_key_exists($name, $forced)) {
        cli_error("The variable '$name' is hard-set in the config.php", 4);
    }
    set_config($name, $options['unset'] ? null : $options['set'], $component);
    exit(0);
}

$value = get_config($component ?? 'core', $name);
if ($name === null) {
    foreach ($options['json'] ? [] : (array) $value as $key => $one) {
        echo "$key\t$one\n";
    }
    echo $options['json'] ? json_encode($value) . "\n" : '';
    exit(0);
}
if ($value === false) {
    exit(3);
}
echo $options['json'] ? json_encode($value) . "\n" : "$value\n";
exit(0);
