//! Whether the sites' URLs can be served as `[web]` says.

use crate::diagnostic::{Diagnostic, Sink};
use crate::model::Tls;
use crate::read::Draft;

pub(super) fn check(draft: &Draft, sink: &Sink) {
    let tls = draft.web.tls.as_ref().map_or(&Tls::Off, |tls| &tls.value);
    let mut ports: Vec<u16> = draft.web.listen.iter().map(|address| address.value.port()).collect();
    if ports.is_empty() {
        ports.push(8080);
    }
    let templates = draft.templates.iter().map(|(_, template)| &template.site);
    let all = templates.chain(draft.sites.iter().map(|(_, site)| site));
    for url in all.filter_map(|site| site.url.as_ref()) {
        match (tls, url.value.is_https()) {
            (Tls::Off, true) => {
                let fault = Diagnostic::error(url.span.clone(), "nothing ends TLS for this https URL");
                sink.push(fault.hint(
                    "write `tls = \"upstream\"` in [web] if a proxy in front does, or give `tls = { certificate, key }`",
                ));
            }
            (Tls::Files { .. }, false) => {
                sink.push(Diagnostic::error(url.span.clone(), "[web] ends TLS, so the URL must be https"));
            }
            (Tls::Off, false) if !ports.contains(&url.value.port_or_default()) => {
                let port = url.value.port_or_default();
                let fault =
                    Diagnostic::warning(url.span.clone(), format!("[web] does not listen on port {port}"));
                sink.push(fault.hint("that is right only if something in front hands requests on"));
            }
            _ => {}
        }
    }
}
