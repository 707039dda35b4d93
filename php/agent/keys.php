<?php
// This file is part of Provost.
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
// along with Provost.  If not, see <https://www.gnu.org/licenses/>.


/**
 * Makes private keys, as Moodle makes those of its LTI plugins: RSA of 2048 bits, each with a name of 20 digits.
 *
 *     php keys.php 2
 *
 * Writes a JSON list of maps with "value" and "kid" to standard output. It needs no Moodle, so keys can be made while a
 * database is still being copied.
 *
 * @package   provost_agent
 * @copyright The Provost authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

if (PHP_SAPI !== 'cli') {
    exit(1);
}

$count = (int) ($argv[1] ?? 0);
// The exit status of wrong usage. A site has two such keys; a plugin may bring some more.
if ($count < 1 || $count > 16) {
    file_put_contents('php://stderr', "keys.php: usage: php keys.php COUNT\n");
    exit(64);
}
$keys = [];
for ($made = 0; $made < $count; $made++) {
    $key = openssl_pkey_new([
        'digest_alg' => 'sha256',
        'private_key_bits' => 2048,
        'private_key_type' => OPENSSL_KEYTYPE_RSA,
    ]);
    if (!$key || !openssl_pkey_export($key, $value)) {
        file_put_contents('php://stderr', 'keys.php: ' . openssl_error_string() . "\n");
        exit(1);
    }
    $keys[] = ['value' => $value, 'kid' => bin2hex(random_bytes(10))];
}
echo json_encode($keys), "\n";
