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
 * Pages, redirects and sessions.
 *
 * @package    standin
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

/**
 * Escapes a text for HTML.
 *
 * @param string|null $text
 * @return string
 */
function s($text) {
    return htmlspecialchars((string) $text, ENT_QUOTES);
}

/**
 * Sends the browser elsewhere, and ends.
 *
 * @param string $place Relative to the site's address.
 */
function redirect($place) {
    global $CFG;
    http_response_code(303);
    header("Location: $CFG->wwwroot$place");
    exit(0);
}

/**
 * Prints a page.
 *
 * @param string $title
 * @param string $content HTML.
 */
function page($title, $content) {
    global $CFG, $SITE;
    header('Content-Type: text/html; charset=utf-8');
    header('Cache-Control: no-store');
    $title = s($title . ' | ' . ($SITE->shortname ?? ''));
    echo "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<title>$title</title>\n"
        . "<script src=\"$CFG->wwwroot/lib/javascript.php/1/lib/javascript-static.js\"></script>\n"
        . "</head>\n<body>\n<p>This is the stand-in, not a Moodle.</p>\n$content\n</body>\n</html>\n";
}

/**
 * Begins the answer to a browser: at the right address, of an installed site, with its session.
 */
function start_page_request() {
    global $CFG;
    check_address();
    if (during_initial_install() || moodle_needs_upgrading()) {
        if (!defined('ADMIN_PAGE')) {
            redirect('/admin/index.php');
        }
        return;
    }
    start_session();
}

/**
 * Sends a browser that came to another address to the right one. Behind a proxy, nothing is known of the address.
 */
function check_address() {
    global $CFG;
    if (!empty($CFG->reverseproxy)) {
        return;
    }
    $secure = !empty($CFG->sslproxy) || !in_array($_SERVER['HTTPS'] ?? 'off', ['off', ''], true);
    $address = ($secure ? 'https://' : 'http://') . ($_SERVER['HTTP_HOST'] ?? '') . ($_SERVER['REQUEST_URI'] ?? '/');
    if (!str_starts_with(strtolower("$address/"), strtolower("$CFG->wwwroot/"))) {
        redirect('');
    }
}

/**
 * Takes up the browser's session.
 */
function start_session() {
    global $CFG, $DB;
    $directory = "$CFG->dataroot/sessions";
    is_dir($directory) || @mkdir($directory, $CFG->directorypermissions ?? 02777, true);
    session_save_path($directory);
    session_name('MoodleSession' . ($CFG->sessioncookie ?? ''));
    session_set_cookie_params([
        'path' => (parse_url($CFG->wwwroot, PHP_URL_PATH) ?: '') . '/',
        'secure' => str_starts_with($CFG->wwwroot, 'https:'),
        'httponly' => true,
    ]);
    session_start(['use_strict_mode' => true, 'use_only_cookies' => true]);
    $_SESSION['sesskey'] ??= bin2hex(random_bytes(5));
    $user = $DB->get_record('user', ['id' => $_SESSION['userid'] ?? 0, 'deleted' => 0]);
    if ($user) {
        \core\session\manager::set_user($user);
    }
}

/**
 * Sends whoever is not logged in to the login page.
 */
function require_login() {
    global $USER;
    if (empty($USER->id)) {
        redirect('/login/index.php');
    }
}
