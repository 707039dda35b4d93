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
 * The life of one agent: greeted, opened, asked, ended.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class session {

    /** @var int The number of results that answer no request: the one to "hello", and those to what is no request. */
    private const NO_REQUEST = 0;

    /** @var int The exit status of wrong usage. */
    private const WRONG_USAGE = 64;

    /** @var string The build's config.php. */
    public readonly string $config;

    /** @var operation[] What can be done, by name, in the order of the names. */
    private array $operations = [];

    /** @var string What the site is fit for: ok, upgrade_pending or not_installed. */
    private string $state = 'not_installed';

    /** @var task|null The request at work; while the site is being opened, the answer to "hello" stands for one. */
    private ?task $task = null;

    /** @var string What the process is doing, for the case that it dies over it. */
    private string $doing = '';

    /** @var string|null Memory that is let go when the process dies, for the last frame. */
    private ?string $reserve;

    /**
     * Makes a session.
     *
     * @param channel $channel
     * @param string $config Path of the build's config.php.
     */
    public function __construct(private readonly channel $channel, string $config) {
        if (basename($config) !== 'config.php' || !is_file($config)) {
            fwrite(STDERR, "Usage: PROVOST_SITE=name php agent.php /path/to/build/config.php\n");
            exit(self::WRONG_USAGE);
        }
        $this->config = $config;
        $this->reserve = str_repeat('x', 1 << 20);
        // Values of calls are no part of any error that leaves this process.
        ini_set('zend.exception_ignore_args', '1');
        foreach (scandir(__DIR__ . '/operation') as $file) {
            if (str_ends_with($file, '.php')) {
                $this->operations[basename($file, '.php')] = require(__DIR__ . "/operation/$file");
            }
        }
        // Before Moodle registers any of its own, so that ours is the first to run.
        register_shutdown_function(fn() => $this->last_words());
    }

    /**
     * Waits for the greeting. Without a right one, the process ends.
     */
    public function greet(): void {
        $this->task = new task($this->channel, self::NO_REQUEST);
        $this->doing = 'hello';
        try {
            $hello = $this->channel->read();
        } catch (failure $failure) {
            $this->refuse($failure);
        }
        if ($hello === null || $hello['type'] === 'bye') {
            $this->task = null;
            exit(0);
        }
        if ($hello['type'] !== 'hello' || !is_string($hello['site'] ?? null)) {
            $this->refuse(new failure('protocol', 'The first frame must be hello, and name a site'));
        }
        if (($hello['protocol'] ?? null) !== channel::PROTOCOL) {
            $this->refuse(new failure('protocol', 'This agent speaks protocol ' . channel::PROTOCOL . ' only'));
        }
        if ($hello['site'] !== getenv('PROVOST_SITE')) {
            $this->refuse(new failure('protocol', 'The greeting names another site than PROVOST_SITE'));
        }
        $this->doing = 'loading Moodle';
    }

    /**
     * Says what was found behind config.php. If that is of no use, the process ends.
     *
     * @param \Throwable|null $fault What loading it threw.
     */
    public function open(?\Throwable $fault): void {
        global $CFG;
        try {
            $this->state = $fault === null ? self::state() : self::state_after($fault);
            $ready = [
                'type' => 'ready',
                'protocol' => channel::PROTOCOL,
                'agent' => basename(__DIR__),
                'moodle' => self::version_on_disk($CFG->dirroot),
                'build' => basename(dirname(realpath($this->config))),
                'php' => PHP_VERSION,
                'pid' => getmypid(),
                'operations' => array_keys($this->operations),
                'state' => $this->state,
            ];
        } catch (\Throwable $thrown) {
            $this->refuse($thrown);
        }
        $this->task = null;
        $this->channel->write($ready);
    }

    /**
     * Answers requests until there are no more.
     */
    public function serve(): never {
        while (true) {
            try {
                $frame = $this->channel->read();
                if ($frame === null || $frame['type'] === 'bye') {
                    exit(0);
                }
                $this->handle($frame);
            } catch (failure $failure) {
                $this->channel->write((new task($this->channel, self::NO_REQUEST))->failed(failure::describe($failure)));
            }
        }
    }

    /**
     * Answers one request.
     *
     * @param array $frame
     * @throws failure When it is none.
     */
    private function handle(array $frame): void {
        if ($frame['type'] !== 'request') {
            throw new failure('bad_frame', 'Only requests can follow the greeting');
        }
        if (!is_int($frame['id'] ?? null) || $frame['id'] <= self::NO_REQUEST) {
            throw new failure('bad_frame', 'A request needs a number of its own, from 1 on');
        }
        $task = $this->task = new task($this->channel, $frame['id']);
        log_text::end();
        $lost = false;
        try {
            $answer = $this->run($frame, $task);
            log_text::flush();
            $this->channel->write($task->succeeded($answer));
        } catch (\Throwable $thrown) {
            // Before the answer: whoever reads it may look at the database at once.
            self::roll_back();
            $lost = $this->is_database_lost($thrown);
            log_text::flush();
            $this->channel->write($task->failed(failure::describe($lost ? self::unreachable($thrown) : $thrown)));
        }
        $this->task = null;
        if ($lost) {
            // Moodle does not connect a second time. The next process will.
            exit(1);
        }
    }

    /**
     * Does what a request asks for.
     *
     * @param array $request
     * @param task $task
     * @return array The answer.
     */
    private function run(array $request, task $task): array {
        global $DB;
        $name = $request['operation'] ?? null;
        $params = $request['params'] ?? [];
        if (!is_string($name) || !is_array($params)) {
            throw new failure('bad_request', 'A request has the name of an operation, and a map of parameters');
        }
        $operation = $this->operations[$name] ?? null;
        if ($operation === null) {
            throw new failure('unknown_operation', "There is no operation '$name'",
                'Known: ' . implode(', ', array_keys($this->operations)));
        }
        if ($operation->needs_installation() && $this->state === 'not_installed') {
            throw new failure('not_installed', "Nothing is installed here that '$name' could work on", null,
                'Install the site first.');
        }
        $this->doing = $name;
        $this->become_admin();
        $answer = $operation->run($params, $task);
        if ($DB->is_transaction_started()) {
            throw new failure('open_transaction', "'$name' left a transaction open; it was rolled back");
        }
        return $answer;
    }

    /**
     * Makes the site's administrator the user, anew for each request: the one before may have changed that.
     */
    private function become_admin(): void {
        if ($this->state === 'not_installed') {
            return;
        }
        try {
            $admin = get_admin();
        } catch (\dml_exception $ignored) {
            // Then the database is damaged, and to say how needs no user.
            $admin = false;
        }
        if ($admin) {
            \core\session\manager::set_user($admin);
        }
    }

    /**
     * Takes back what a request left unfinished in the database.
     */
    private static function roll_back(): void {
        global $DB;
        try {
            if ($DB->is_transaction_started()) {
                $DB->force_transaction_rollback();
            }
        } catch (\Throwable $ignored) {
            // Without its connection there is no transaction either.
            unset($ignored);
        }
    }

    /**
     * What the site is fit for.
     *
     * The database itself is asked, and not $CFG: that comes through a cache, which Moodle switches off while it installs
     * and upgrades, and which can be older than the database.
     *
     * @return string
     */
    private static function state(): string {
        global $DB;
        if (!in_array('config', $DB->get_tables(false))) {
            return 'not_installed';
        }
        [$in, $names] = $DB->get_in_or_equal(['version', 'rolesactive', 'upgraderunning', 'allversionshash']);
        $stored = $DB->get_records_select_menu('config', "name $in", $names, 'name', 'name, value');
        if (empty($stored['version']) || empty($stored['rolesactive'])) {
            return 'not_installed';
        }
        // The flag stands while an installation or an upgrade is at work, and stays when one is killed. The digest is
        // compared here because moodle_needs_upgrading() says no as long as upgrades are kept for the command line.
        $due = ($stored['allversionshash'] ?? '') !== self::versions_hash();
        return $due || isset($stored['upgraderunning']) ? 'upgrade_pending' : 'ok';
    }

    /**
     * Core's digest of the versions of all plugins. Core reads hundreds of files for it; a build does not change, so that once is enough.
     *
     * @return string
     */
    public static function versions_hash(): string {
        static $hash = null;
        $hash ??= \core_component::get_all_versions_hash();
        return $hash;
    }

    /**
     * What a site is fit for that could not be loaded. One whose installation never ended is not installed.
     *
     * @param \Throwable $fault
     * @return string
     * @throws \Throwable The fault, if it is another one.
     */
    private static function state_after(\Throwable $fault): string {
        global $DB;
        if (failure::is_connection($fault)) {
            throw self::unreachable($fault);
        }
        if (!isset($DB) || self::state() !== 'not_installed') {
            throw $fault;
        }
        return 'not_installed';
    }

    /**
     * Whether an error came of a connection that is gone.
     *
     * @param \Throwable $thrown
     * @return bool
     */
    private function is_database_lost(\Throwable $thrown): bool {
        global $DB;
        if (!$thrown instanceof \dml_exception) {
            return false;
        }
        try {
            $DB->force_transaction_rollback();
            $DB->get_record_sql('SELECT 1 AS one');
            return false;
        } catch (\Throwable $again) {
            return true;
        }
    }

    /**
     * Says that there is no database.
     *
     * @param \Throwable $thrown What Moodle said of it.
     * @return failure
     */
    private static function unreachable(\Throwable $thrown): failure {
        // What the driver said on connecting, Moodle looks for in the output; it is only there if PHP shows errors there.
        $reason = $thrown->error ?? $thrown->debuginfo ?? null;
        $reason = strip_tags($reason ?: error_get_last()['message'] ?? $thrown->getMessage());
        return new failure('database_unreachable', 'The site cannot reach its database', $reason,
            'See that the database server runs, and that the database and its role exist.');
    }

    /**
     * The version that the code on disk has, as text with two decimals.
     *
     * @param string $dirroot
     * @return string
     */
    private static function version_on_disk(string $dirroot): string {
        defined('MATURITY_STABLE') || define('MATURITY_STABLE', 200);
        $version = null;
        require("$dirroot/version.php");
        return sprintf('%.2F', $version);
    }

    /**
     * Answers the greeting with an error, and ends the process.
     *
     * @param \Throwable $thrown
     */
    private function refuse(\Throwable $thrown): never {
        $frame = $this->task->failed(failure::describe($thrown));
        $this->task = null;
        $this->channel->write($frame);
        exit(1);
    }

    /**
     * When the process ends in the middle of something, says so.
     */
    private function last_words(): void {
        if ($this->task === null || $this->channel->is_abandoned()) {
            return;
        }
        $this->reserve = null;
        log_text::flush();
        $task = $this->task;
        $this->task = null;
        $error = error_get_last();
        $fatal = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR;
        if ($error !== null && ($error['type'] & $fatal)) {
            $message = "PHP died over '$this->doing': " . strtok($error['message'], "\n");
            $debug = $error['file'] . ':' . $error['line'];
        } else {
            $message = "The code of the site ended the process over '$this->doing'";
            $debug = log_text::end();
        }
        $this->channel->write($task->failed(failure::describe(new failure('died', $message, $debug,
            'What it printed before is in the log text.'))));
    }
}
