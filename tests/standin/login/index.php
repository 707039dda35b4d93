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
 * Logging in. The form, its hidden token, the redirects and the cookie are as in Moodle.
 *
 * @package    standin
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

require(__DIR__ . '/../config.php');

if (isset($_GET['testsession'])) {
    // The browser has kept the session if it comes back as the user it has just become.
    redirect((string) $USER->id === $_GET['testsession'] ? '/my/' : '/login/index.php');
}

if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    $standintoken = (string) ($_POST['logintoken'] ?? '');
    $standinuser = isset($_SESSION['logintoken']) && hash_equals($_SESSION['logintoken'], $standintoken)
        ? authenticate_user_login((string) ($_POST['username'] ?? ''), (string) ($_POST['password'] ?? ''))
        : false;
    if (!$standinuser) {
        $_SESSION['loginerror'] = true;
        redirect('/login/index.php?loginredirect=1');
    }
    session_regenerate_id(true);
    unset($_SESSION['logintoken'], $_SESSION['loginerror']);
    $_SESSION['userid'] = $standinuser->id;
    redirect("/login/index.php?testsession=$standinuser->id");
}

$_SESSION['logintoken'] ??= bin2hex(random_bytes(16));
$standinerror = isset($_SESSION['loginerror'])
    ? '<div id="loginerrormessage" role="alert">Invalid login, please try again</div>' : '';
unset($_SESSION['loginerror']);
page('Log in to the site', $standinerror . '
<form class="login-form" action="' . s($CFG->wwwroot) . '/login/index.php" method="post" id="login">
<input id="anchor" type="hidden" name="anchor" value="">
<input type="hidden" name="logintoken" value="' . s($_SESSION['logintoken']) . '">
<input type="text" name="username" id="username" value="" autocomplete="username">
<input type="password" name="password" id="password" value="" autocomplete="current-password">
<button type="submit" id="loginbtn">Log in</button>
</form>');
