use camino::Utf8Path;

use super::{FpmMain, FpmPool, OpcacheSizing, PoolUser, main_file, master_ini, opcache_ini, pool_file};

fn main<'a>() -> FpmMain<'a> {
    FpmMain {
        pid: Utf8Path::new("/run/provost/x/php-fpm.pid"),
        error_log: Utf8Path::new("/var/lib/provost/x/logs/php-fpm.log"),
        pools: Utf8Path::new("/var/lib/provost/x/made/web/php-fpm"),
        most_processes: 64,
        open_files: None,
    }
}

fn pool<'a>() -> FpmPool<'a> {
    FpmPool {
        name: "hugo",
        socket: Utf8Path::new("/run/provost/x/fpm/hugo.sock"),
        user: None,
        workers: 5,
        memory_mib: 256,
        upload_mib: 100,
        request_seconds: 600,
        error_log: Utf8Path::new("/var/lib/provost/x/logs/sites/hugo/php.log"),
        slow_log: Utf8Path::new("/var/lib/provost/x/logs/sites/hugo/slow.log"),
        temporary: Utf8Path::new("/var/lib/provost/x/tmp/sites/hugo"),
    }
}

#[test]
fn the_main_file() {
    insta::assert_snapshot!(main_file(&main()), @"
    ; php-fpm of this fleet. Provost makes this file from the fleet file; changes here are lost.
    [global]
    daemonize = no
    pid = /run/provost/x/php-fpm.pid
    error_log = /var/lib/provost/x/logs/php-fpm.log
    log_limit = 8192
    process.max = 64
    emergency_restart_threshold = 10
    emergency_restart_interval = 60s
    process_control_timeout = 20s
    include = '/var/lib/provost/x/made/web/php-fpm/*.conf'
    ");
}

#[test]
fn root_raises_the_limit_of_open_files() {
    let file = main_file(&FpmMain { open_files: Some(FpmMain::open_files_for(800)), ..main() });
    let limit: Vec<_> = file.lines().filter(|line| line.starts_with("rlimit_files")).collect();
    assert_eq!(limit, ["rlimit_files = 7424"]);
}

#[test]
fn the_file_of_a_pool() {
    insta::assert_snapshot!(pool_file(&pool()), @"
    ; A site's PHP. Provost makes this file from the fleet file; changes here are lost.
    [hugo]
    listen = /run/provost/x/fpm/hugo.sock
    listen.mode = 0660

    pm = 'ondemand'
    pm.max_children = 5
    pm.process_idle_timeout = 60s
    pm.max_requests = 1000
    request_terminate_timeout = 600s
    request_terminate_timeout_track_finished = yes
    request_slowlog_timeout = 15s
    slowlog = /var/lib/provost/x/logs/sites/hugo/slow.log
    catch_workers_output = yes
    decorate_workers_output = no
    security.limit_extensions = .php

    clear_env = yes
    env[PATH] = /usr/local/bin:/usr/bin:/bin
    env[LC_ALL] = 'C.UTF-8'
    env[TMPDIR] = /var/lib/provost/x/tmp/sites/hugo

    php_value[memory_limit] = 256M
    php_admin_value[upload_max_filesize] = 100M
    php_admin_value[post_max_size] = 108M
    php_admin_value[max_file_uploads] = 100
    php_admin_value[max_input_vars] = 5000
    php_admin_value[error_log] = /var/lib/provost/x/logs/sites/hugo/php.log
    php_admin_value[upload_tmp_dir] = /var/lib/provost/x/tmp/sites/hugo
    php_admin_value[sys_temp_dir] = /var/lib/provost/x/tmp/sites/hugo
    php_admin_value[session.save_path] = /var/lib/provost/x/tmp/sites/hugo
    php_admin_value[disable_functions] = 'opcache_reset'
    php_admin_flag[log_errors] = yes
    php_admin_flag[display_errors] = no
    php_admin_flag[zlib.output_compression] = no
    ");
}

#[test]
fn a_site_may_be_called_global() {
    let file = pool_file(&FpmPool { name: "global", ..pool() });
    assert_eq!(file.lines().nth(1), Some("[global.site]"));
}

#[test]
fn root_gives_each_pool_its_user() {
    let user = PoolUser { user: "hugo", group: "hugo", web_group: "provost-web" };
    let file = pool_file(&FpmPool { user: Some(user), ..pool() });
    insta::assert_snapshot!(file.lines().skip(2).take(6).collect::<Vec<_>>().join("\n"), @"
    user = 'hugo'
    group = 'hugo'
    listen = /run/provost/x/fpm/hugo.sock
    listen.owner = 'hugo'
    listen.group = 'provost-web'
    listen.mode = 0660
    ");
}

#[test]
fn the_ini_file_of_the_master() {
    let sizing = OpcacheSizing { php_files: 2 * 17_639, live_builds: 2, sites: 3 };
    insta::assert_snapshot!(master_ini(&sizing), @"
    ; PHP of this fleet's web server. Provost makes this file; changes here are lost.
    expose_php = no
    display_errors = no
    display_startup_errors = no
    log_errors = yes
    html_errors = no
    cgi.fix_pathinfo = 1
    ; No directory of a site may hold settings of its own. (php-fpm takes no empty value for a pool.)
    user_ini.filename = ''
    ; No `$argv` from the query string.
    register_argc_argv = no
    realpath_cache_size = 4M
    realpath_cache_ttl = 600

    opcache.enable = 1
    opcache.enable_cli = 0
    opcache.memory_consumption = 1058
    opcache.interned_strings_buffer = 120
    opcache.max_accelerated_files = 39795
    opcache.max_wasted_percentage = 10
    opcache.validate_timestamps = 1
    opcache.revalidate_freq = 2
    opcache.revalidate_path = 0
    opcache.validate_permission = 1
    opcache.validate_root = 1
    opcache.use_cwd = 1
    opcache.save_comments = 1
    opcache.enable_file_override = 0
    opcache.file_update_protection = 2
    ");
}

fn setting(sizing: OpcacheSizing, key: &str) -> Option<u64> {
    let key = format!("opcache.{key}");
    opcache_ini(&sizing).into_iter().find(|(name, _)| *name == key)?.1.parse().ok()
}

#[test]
fn opcache_holds_what_was_measured_and_never_leaves_the_range_that_php_takes() {
    let one = OpcacheSizing { php_files: 17_639, live_builds: 1, sites: 1 };
    assert!(setting(one, "memory_consumption") > Some(397 + 99));
    assert!(setting(one, "interned_strings_buffer") > Some(99));
    assert!(setting(one, "max_accelerated_files") > Some(17_639));
    let none = OpcacheSizing { php_files: 0, live_builds: 0, sites: 0 };
    assert!(setting(none, "max_accelerated_files") >= Some(200));
    let most = OpcacheSizing { php_files: u32::MAX, live_builds: u32::MAX, sites: u32::MAX };
    assert_eq!(setting(most, "max_accelerated_files"), Some(1_000_000));
    assert_eq!(setting(most, "interned_strings_buffer"), Some(4095));
}
