use std::net::SocketAddr;

use camino::Utf8Path;

use super::{
    ClosedPage, NginxMain, NginxSite, NginxVersion, OLDEST, SiteAddress, SiteTls, WebRoot, WorkerUser,
    closed_file, closed_location_file, host_file, location_file, main_file, site_file,
};

fn main(listen: &[SocketAddr]) -> NginxMain<'_> {
    NginxMain {
        user: None,
        workers: 0,
        pid: Utf8Path::new("/run/provost/x/nginx.pid"),
        temporary: Utf8Path::new("/var/lib/provost/x/tmp/nginx"),
        error_log: Utf8Path::new("/var/lib/provost/x/logs/nginx-error.log"),
        access_log: Utf8Path::new("/var/lib/provost/x/logs/nginx-access.log"),
        sites: Utf8Path::new("/var/lib/provost/x/made/web/nginx"),
        listen,
        ends_tls: false,
    }
}

fn site(listen: &[SocketAddr]) -> NginxSite<'_> {
    NginxSite {
        name: "hugo",
        address: SiteAddress { https: false, host: "hugo.example.org", port: Some(8080), below: None },
        aliases: &[],
        listen,
        tls: SiteTls::Off,
        nginx: OLDEST,
        trusted_proxies: &[],
        code: Utf8Path::new("/var/lib/provost/x/made/sites/hugo/code"),
        web_root: WebRoot::Code,
        router: false,
        dataroot: Utf8Path::new("/var/lib/provost/x/data/sites/hugo"),
        socket: Utf8Path::new("/run/provost/x/fpm/hugo.sock"),
        access_log: Utf8Path::new("/var/lib/provost/x/logs/sites/hugo/access.log"),
        error_log: Utf8Path::new("/var/lib/provost/x/logs/sites/hugo/error.log"),
        upload_mib: 100,
        request_seconds: 600,
    }
}

fn listen() -> Vec<SocketAddr> {
    vec![SocketAddr::from(([127, 0, 0, 1], 8080)), SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 8080))]
}

/// The lines of `new` that are not in `old`, in their order.
fn added(old: &str, new: &str) -> String {
    let old: Vec<&str> = old.lines().collect();
    new.lines().filter(|line| !old.contains(line)).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_main_file() {
    insta::assert_snapshot!(main_file(&main(&listen())), @r#"
    # nginx of this fleet. Provost makes this file from the fleet file; changes here are lost.
    daemon off;
    worker_processes auto;
    worker_rlimit_nofile 20000;
    pid /run/provost/x/nginx.pid;
    error_log /var/lib/provost/x/logs/nginx-error.log warn;
    pcre_jit on;

    events {
        worker_connections 4096;
    }

    http {
        server_tokens off;
        sendfile on;
        tcp_nopush on;
        server_names_hash_max_size 32768;
        server_names_hash_bucket_size 512;
        # Redirects of nginx's own name no host: behind a proxy it would be the wrong scheme and port.
        absolute_redirect off;
        client_body_temp_path /var/lib/provost/x/tmp/nginx/client_body;
        fastcgi_temp_path /var/lib/provost/x/tmp/nginx/fastcgi;
        proxy_temp_path /var/lib/provost/x/tmp/nginx/proxy;
        scgi_temp_path /var/lib/provost/x/tmp/nginx/scgi;
        uwsgi_temp_path /var/lib/provost/x/tmp/nginx/uwsgi;

        types {
            text/html html htm;
            text/css css;
            text/plain txt;
            text/csv csv;
            text/vtt vtt;
            text/xml xml xsd xsl;
            application/javascript js mjs;
            application/json json map;
            application/manifest+json webmanifest;
            application/wasm wasm;
            application/pdf pdf;
            application/zip zip h5p;
            application/vnd.ms-fontobject eot;
            font/otf otf;
            font/ttf ttf;
            font/woff woff;
            font/woff2 woff2;
            image/avif avif;
            image/gif gif;
            image/jpeg jpg jpeg;
            image/png png;
            image/svg+xml svg;
            image/webp webp;
            image/x-icon ico;
            audio/mpeg mp3;
            audio/ogg ogg oga;
            audio/wav wav;
            video/mp4 mp4;
            video/quicktime mov;
            video/webm webm;
        }
        default_type application/octet-stream;
        charset utf-8;
        charset_types text/css text/plain text/csv text/vtt text/xml application/javascript;

        gzip on;
        gzip_comp_level 5;
        gzip_min_length 1024;
        gzip_proxied any;
        gzip_vary on;
        gzip_types text/css text/plain text/csv text/vtt text/xml text/javascript application/javascript application/json application/xml application/rss+xml application/manifest+json application/wasm application/vnd.ms-fontobject font/otf font/ttf image/svg+xml;

        # nginx has no escape for a dollar sign; this is one.
        geo $provost_dollar {
            default $;
        }

        # The build that answers: the directory of that name, named after its content.
        map $realpath_root $provost_build {
            default unknown;
            "~/(?<provost_tree>[^/]+?)(?:/public)?$" $provost_tree;
        }

        # Compressing makes a tag weak, and Moodle compares tags letter by letter.
        map $http_if_none_match $provost_if_none_match {
            default $http_if_none_match;
            "~^W/(?<provost_strong>\"[^\"]*\")$" $provost_strong;
        }

        # The path inside of the tree: of a site below a path, which alone has a root with a slash at its end, without that.
        map $document_root:$uri $provost_path {
            default $uri;
            # Up to the first colon: what a browser writes comes behind it.
            "~^[^:]*/:/[^/]+(?<provost_below>/(?s:.*))\\z" $provost_below;
        }

        # The script of a request: behind it, the path is the script's own affair.
        map $provost_path $provost_script {
            default $provost_path;
            "~^(?<provost_head>(?:/[^/]+)*?/[^/]+?\\.php)/" $provost_head;
        }

        # What of a Moodle tree is nobody's business.
        map $provost_script $provost_internal {
            default 0;
            # hidden files, of git and of tools; not /.well-known/
            "~/\\.(?!well-known/)" 1;
            # tests, what they need, and what only the command line runs
            "~/(?:tests|fixtures|behat|phpunit|testing|vendor|node_modules|cli)/" 1;
            # code that is only ever included, and what installs tables
            "~/(?:classes|db|lang)/(?:.*/)?[^/]*\\.php$" 1;
            # tables, services, and their documentation
            "~/db/(?:.*/)?[^/]*\\.(?:xml|json|txt|html)$" 1;
            # the configuration and the installer, which has done its work
            "~^/(?:config|config-dist|install)\\.php$|^/install/" 1;
            # version numbers
            "~/version\\.php$" 1;
            # files that tell versions of libraries
            "~(?i)/(?:composer\\.(?:json|lock)|package(?:-lock)?\\.json|npm-shrinkwrap\\.json|thirdpartylibs\\.xml|environment\\.xml)$" 1;
            # notes for developers
            "~(?i)/(?:readme[^/]*|(?:upgrad(?:e|ing)|changes|changelog|contributing|deprecated|install|todo)(?:[-_.][^/]*)?\\.(?:txt|md))$" 1;
            # sources and leftovers that are not for browsers; `.php` is run, but nothing else that PHP might be
            "~(?i)\\.(?:md|markdown|rst|mustache|feature|dist|lock|neon|ya?ml|ini|conf|sql|sh|bat|exe|pl|pm|pem|key|log|bak|orig|old|rej|sw[op]|patch|diff|jmx|inc|phtml|phar|phps|php\\d|php[~.#_-][^/]*|tgz|tar)$|~$" 1;
            # PHP in other letters is no page, and its source is not for reading
            "~\\.(?!php$)(?i:php)$" 1;
        }

        map $request_uri $provost_logged_uri {
            default $request_uri;
            "" -;
            "~(?<provost_kept>^.*?/(?:tokenpluginfile\\.php|rss/file\\.php))/" $provost_kept/[hidden];
            "~(?i)(?<provost_kept>^[^?]*)\\?.*?(?:token|key|password|secret|signature|code|state|pass)[^=&]*=" $provost_kept?[hidden];
        }
        map $http_referer $provost_logged_referer {
            default $http_referer;
            "" -;
            "~(?<provost_kept>^.*?/(?:tokenpluginfile\\.php|rss/file\\.php))/" $provost_kept/[hidden];
            "~(?i)(?<provost_kept>^[^?]*)\\?.*?(?:token|key|password|secret|signature|code|state|pass)[^=&]*=" $provost_kept?[hidden];
        }
        log_format provost "$remote_addr - $remote_user [$time_local] \"$request_method $provost_logged_uri $server_protocol\" " "$status $body_bytes_sent \"$provost_logged_referer\" \"$http_user_agent\" " "$host $request_time $upstream_response_time";
        access_log /var/lib/provost/x/logs/nginx-access.log provost;

        # Hosts that are no site: PHP is not asked.
        server {
            listen 127.0.0.1:8080 default_server;
            listen [::1]:8080 default_server;
            server_name "";
            location / {
                default_type text/plain;
                return 404 "There is no site at this address.
    ";
            }
        }

        include /var/lib/provost/x/made/web/nginx/*.conf;
    }
    "#);
}

#[test]
fn the_main_file_for_root_with_tls() {
    let listen = listen();
    let plain = main_file(&main(&listen));
    let user = WorkerUser { user: "provost-web", group: "provost-web" };
    let tls = main_file(&NginxMain { user: Some(user), workers: 4, ends_tls: true, ..main(&listen) });
    insta::assert_snapshot!(added(&plain, &tls), @"
    user provost-web provost-web;
    worker_processes 4;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:provost:10m;
        ssl_session_tickets off;
            listen 127.0.0.1:8080 ssl default_server;
            listen [::1]:8080 ssl default_server;
            ssl_reject_handshake on;
    ");
}

#[test]
fn the_file_of_a_site() {
    insta::assert_snapshot!(site_file(&site(&listen())), @r#"
    # Site hugo. Provost makes this file from the fleet file; changes here are lost.
    server {
        listen 127.0.0.1:8080;
        listen [::1]:8080;
        server_name hugo.example.org;
        access_log /var/lib/provost/x/logs/sites/hugo/access.log provost;
        error_log /var/lib/provost/x/logs/sites/hugo/error.log error;

        root /var/lib/provost/x/made/sites/hugo/code;
        index index.php index.html;
        client_max_body_size 108m;
        if ($provost_internal) {
            return 404;
        }

        location / {
            set $provost_tag "W/\"$provost_build\"";
            if ($http_if_none_match = $provost_tag) {
                return 304;
            }
            etag off;
            if_modified_since off;
            add_header Last-Modified "";
            add_header ETag $provost_tag;
            add_header Cache-Control "public, max-age=3600";
            add_header X-Content-Type-Options nosniff;
            try_files $uri $uri/ =404;
        }

        location ~ "^(?<provost_php>(?:/[^/]+)*?/[^/]+?\\.php)(?<provost_path_info>/(?s:.*))?\\z" {
            try_files $provost_php =404;
            fastcgi_pass unix:/run/provost/x/fpm/hugo.sock;
            fastcgi_read_timeout 610s;
            # Moodle's headers can be long (content policies, many cookies): one buffer takes them all.
            fastcgi_buffer_size 32k;
            fastcgi_buffers 16 32k;
            fastcgi_hide_header X-Powered-By;
            fastcgi_param DOCUMENT_ROOT $realpath_root;
            fastcgi_param SCRIPT_FILENAME $realpath_root$provost_php;
            fastcgi_param SCRIPT_NAME $provost_php;
            fastcgi_param DOCUMENT_URI $provost_php;
            fastcgi_param REQUEST_URI $request_uri;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param SERVER_PROTOCOL $server_protocol;
            fastcgi_param SERVER_ADDR $server_addr;
            fastcgi_param REMOTE_ADDR $remote_addr;
            fastcgi_param REMOTE_PORT $remote_port;
            fastcgi_param GATEWAY_INTERFACE CGI/1.1;
            fastcgi_param SERVER_SOFTWARE nginx;
            fastcgi_param REDIRECT_STATUS 200;
            fastcgi_param PATH_INFO $provost_path_info if_not_empty;
            fastcgi_param HTTP_HOST hugo.example.org:8080;
            fastcgi_param SERVER_NAME hugo.example.org;
            fastcgi_param SERVER_PORT 8080;
            fastcgi_param REQUEST_SCHEME http;
            fastcgi_param HTTP_IF_NONE_MATCH $provost_if_none_match if_not_empty;
            # A client's `Proxy` header would look like the environment's HTTP_PROXY.
            fastcgi_param HTTP_PROXY "" if_not_empty;
            # Who the client is, nginx has decided: REMOTE_ADDR.
            fastcgi_param HTTP_X_FORWARDED_FOR "" if_not_empty;
            fastcgi_param HTTP_CLIENT_IP "" if_not_empty;
        }

        location ^~ /dataroot/ {
            internal;
            alias /var/lib/provost/x/data/sites/hugo/;
            etag off;
            if_modified_since off;
            add_header ETag $upstream_http_etag;
            disable_symlinks if_not_owner from=/var/lib/provost/x/data/sites/hugo;
        }
    }
    "#);
}

#[test]
fn a_site_behind_a_proxy_that_ends_tls() {
    let listen = listen();
    let proxied = NginxSite {
        address: SiteAddress { https: true, host: "hugo.example.org", port: None, below: None },
        aliases: &["hugo.example.net", "www.hugo.example.org"],
        tls: SiteTls::Upstream,
        trusted_proxies: &["10.0.0.0/8", "::1"],
        web_root: WebRoot::Public,
        router: true,
        ..site(&listen)
    };
    insta::assert_snapshot!(added(&site_file(&site(&listen)), &site_file(&proxied)), @"
    set_real_ip_from 10.0.0.0/8;
    set_real_ip_from ::1;
    real_ip_header X-Forwarded-For;
    real_ip_recursive on;
    if ($http_x_forwarded_proto = http) {
        return 301 https://hugo.example.org$request_uri;
    root /var/lib/provost/x/made/sites/hugo/code/public;
        try_files $uri $uri/ /r.php;
        fastcgi_param HTTP_HOST hugo.example.org;
        fastcgi_param SERVER_PORT 443;
        fastcgi_param REQUEST_SCHEME https;
        fastcgi_param HTTPS on;
    server_name hugo.example.net www.hugo.example.org;
    set_real_ip_from 10.0.0.0/8;
    set_real_ip_from ::1;
    real_ip_header X-Forwarded-For;
    real_ip_recursive on;
    return 301 https://hugo.example.org$request_uri;
    ");
}

#[test]
fn a_site_with_its_own_certificate() {
    let listen = listen();
    let files = SiteTls::Files {
        certificate: Utf8Path::new("/etc/tls/a b.pem"),
        key: Utf8Path::new("/etc/tls/key.pem"),
    };
    let address = SiteAddress { https: true, host: "hugo.example.org", port: Some(8080), below: None };
    let old = site_file(&NginxSite { address, tls: files, ..site(&listen) });
    insta::assert_snapshot!(added(&site_file(&site(&listen)), &old), @r#"
    listen 127.0.0.1:8080 ssl http2;
    listen [::1]:8080 ssl http2;
    ssl_certificate "/etc/tls/a b.pem";
    ssl_certificate_key /etc/tls/key.pem;
    error_page 497 =301 https://hugo.example.org:8080$request_uri;
        fastcgi_param REQUEST_SCHEME https;
        fastcgi_param HTTPS on;
    "#);
    let nginx = NginxVersion { major: 1, minor: 26, patch: 0 };
    let new = site_file(&NginxSite { address, tls: files, nginx, ..site(&listen) });
    insta::assert_snapshot!(added(&old, &new), @"
    listen 127.0.0.1:8080 ssl;
    listen [::1]:8080 ssl;
    http2 on;
    ");
}

#[test]
fn a_port_that_is_the_schemes_own_is_not_said() {
    let url = |https, port| SiteAddress { https, host: "a.example", port, below: None }.url();
    assert_eq!(url(true, Some(443)), "https://a.example");
    assert_eq!(url(true, Some(80)), "https://a.example:80");
    assert_eq!(url(false, Some(80)), "http://a.example");
    assert_eq!(url(false, None), "http://a.example");
}

#[test]
fn a_disabled_site_is_one_page_without_php() {
    let listen = listen();
    let site = NginxSite { aliases: &["old.example.org"], ..site(&listen) };
    let file = closed_file(&site, &ClosedPage { title: "École $1 \"Hugo\"", language: "fr" });
    assert!(!file.contains("fastcgi"));
    insta::assert_snapshot!(file);
}

#[test]
fn a_site_below_a_path_has_its_part_of_the_hosts_block() {
    let listen = listen();
    let address = SiteAddress { https: true, host: "schools.example.org", port: None, below: Some("hugo") };
    let aliases = ["hugo.example.org"];
    let below = NginxSite {
        address,
        aliases: &aliases,
        tls: SiteTls::Upstream,
        trusted_proxies: &["10.0.0.0/8"],
        ..site(&listen)
    };
    let page = ClosedPage { title: "Hugo", language: "en" };
    let parts = Utf8Path::new("/var/lib/provost/x/made/web/nginx/@schools.example.org.d");
    insta::assert_snapshot!(format!(
        "== its own file\n{}\n== the host\n{}\n== its part of it\n{}\n== disabled\n{}",
        site_file(&below),
        host_file(&below, parts),
        location_file(&below),
        closed_location_file(&below, &page),
    ));
}
