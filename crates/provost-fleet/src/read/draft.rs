//! What was read, with places, before it is checked as a whole.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use camino::Utf8PathBuf;
use provost_moodle::component::Component;
use provost_moodle::request::MoodleRequest;

use super::SettingDraft;
use crate::archive::{Archive, End, Fate, Place, Registry, Transport};
use crate::cron::Cron;
use crate::diagnostic::Span;
use crate::model::{
    AdminLogin, Codebase, DatabaseServer, Engine, Fleet, Limits, Location, PluginSource, Redis, Site,
    SiteAdmin, Template, Tls, Web,
};
use crate::name::Name;
use crate::secret::SecretRef;
use crate::setting::Settings;
use crate::url::SiteUrl;

/// Where codebases take Moodle from when nothing is said.
pub(crate) const MOODLE: &str = "https://github.com/moodle/moodle.git";

/// The plugins directory's list when nothing is said.
pub(crate) const CATALOGUE: &str = "https://download.moodle.org/api/1.3/pluglist.php";

/// A value and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl<T> At<T> {
    pub(crate) fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) fleet: FleetDraft,
    pub(crate) web: WebDraft,
    pub(crate) cron: Cron,
    pub(crate) databases: Vec<(At<Name>, ServerDraft)>,
    pub(crate) redis: Vec<(At<Name>, Option<Redis>)>,
    pub(crate) codebases: Vec<(At<Name>, CodebaseDraft)>,
    pub(crate) profiles: Vec<(At<Name>, ProfileDraft)>,
    pub(crate) templates: Vec<(At<Name>, TemplateDraft)>,
    pub(crate) sites: Vec<(At<Name>, SiteDraft)>,
    pub(crate) archives: Vec<(At<Name>, ArchiveDraft)>,
}

#[derive(Debug, Default)]
pub(crate) struct FleetDraft {
    pub(crate) name: Option<Name>,
    pub(crate) moodle_git: Option<String>,
    pub(crate) catalogue: Option<String>,
    pub(crate) state: Option<At<Utf8PathBuf>>,
}

#[derive(Debug, Default)]
pub(crate) struct WebDraft {
    pub(crate) listen: Vec<At<SocketAddr>>,
    pub(crate) tls: Option<At<Tls>>,
    pub(crate) trusted_proxies: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct ServerDraft {
    pub(crate) engine: Engine,
    pub(crate) location: Option<Location>,
}

#[derive(Debug)]
pub(crate) struct CodebaseDraft {
    pub(crate) moodle: Option<MoodleRequest>,
    pub(crate) git: Option<String>,
    pub(crate) plugins: BTreeMap<Component, PluginSource>,
    pub(crate) patches: Vec<Utf8PathBuf>,
}

#[derive(Debug, Default)]
pub(crate) struct SiteDraft {
    pub(crate) header: Span,
    pub(crate) url: Option<At<SiteUrl>>,
    pub(crate) template: Option<At<String>>,
    pub(crate) was: Option<At<Name>>,
    pub(crate) aliases: Vec<At<String>>,
    pub(crate) codebase: Option<At<String>>,
    pub(crate) database: Option<At<String>>,
    pub(crate) database_name: Option<At<String>>,
    pub(crate) prefix: Option<At<String>>,
    pub(crate) redis: Option<At<String>>,
    pub(crate) dataroot: Option<At<Utf8PathBuf>>,
    pub(crate) tags: Vec<At<String>>,
    pub(crate) enabled: Option<bool>,
    pub(crate) admin_user: Option<String>,
    pub(crate) admin_email: Option<String>,
    pub(crate) admin_password: Option<SecretRef>,
    pub(crate) full_name: Option<String>,
    pub(crate) short_name: Option<String>,
    pub(crate) language: Option<At<String>>,
    pub(crate) memory: Option<u32>,
    pub(crate) upload: Option<u32>,
    pub(crate) workers: Option<u32>,
    pub(crate) profiles: Vec<At<String>>,
    pub(crate) settings: Vec<SettingDraft>,
}

#[derive(Debug)]
pub(crate) struct ProfileDraft {
    pub(crate) parents: Vec<At<String>>,
    pub(crate) settings: Vec<SettingDraft>,
}

#[derive(Debug)]
pub(crate) struct TemplateDraft {
    /// What it has in common with a site; whether it has a URL says whether it can be opened.
    pub(crate) site: SiteDraft,
    pub(crate) courses: Vec<Utf8PathBuf>,
    pub(crate) spares: Option<At<u32>>,
}

/// A declared session, and the places of what is checked against other things.
#[derive(Debug)]
pub(crate) struct ArchiveDraft {
    /// At its site's name.
    pub(crate) from: Option<At<End>>,
    /// At its site's name.
    pub(crate) to: Option<At<End>>,
    pub(crate) place: Option<At<Place>>,
    pub(crate) source: Option<At<Fate>>,
    pub(crate) quarantine: Option<At<u32>>,
    pub(crate) transport: Option<At<Transport>>,
    pub(crate) registry: Option<At<Registry>>,
    /// Where it says that not everything is backed up.
    pub(crate) left_out: Option<Span>,
    /// All of it, where it could be read.
    pub(crate) archive: Option<Archive>,
}

/// The name of the server that a fleet has when it declares none.
pub(crate) const DEFAULT_SERVER: &str = "main";

impl Draft {
    /// The names of all servers, the default one included.
    pub(crate) fn server_names(&self) -> Vec<&str> {
        if self.databases.is_empty() {
            return vec![DEFAULT_SERVER];
        }
        self.databases.iter().map(|(name, _)| name.value.as_str()).collect()
    }

    /// The name of a site's database: given, or made from the names of fleet and site.
    pub(crate) fn database_name(&self, site: &Name, draft: &SiteDraft) -> String {
        self.database_name_or(draft, &site.to_string())
    }

    /// The name of a template's database, likewise.
    pub(crate) fn template_database_name(&self, template: &Name, draft: &TemplateDraft) -> String {
        self.database_name_or(&draft.site, &format!("{}{template}", Template::PREFIX))
    }

    fn database_name_or(&self, draft: &SiteDraft, name: &str) -> String {
        if let Some(given) = &draft.database_name {
            return given.value.clone();
        }
        let fleet = self.fleet.name.as_ref().map_or("fleet", Name::as_str);
        format!("{fleet}_{name}").replace('-', "_")
    }

    /// The template of a site, where it names one that there is.
    pub(crate) fn template_of(&self, site: &SiteDraft) -> Option<&TemplateDraft> {
        let named = site.template.as_ref()?;
        self.templates.iter().find(|(name, _)| name.value.as_str() == named.value).map(|(_, found)| found)
    }

    /// The model; `None` where something was missing, which was told.
    pub(crate) fn build(self) -> Option<Fleet> {
        let sites =
            self.sites.iter().map(|(name, site)| Some((name.value.clone(), self.site(&name.value, site)?)));
        let sites: Option<BTreeMap<Name, Site>> = sites.collect();
        let templates = self
            .templates
            .iter()
            .map(|(name, template)| Some((name.value.clone(), self.template(&name.value, template)?)));
        let templates: Option<BTreeMap<Name, Template>> = templates.collect();
        let moodle_git = self.fleet.moodle_git.unwrap_or_else(|| MOODLE.to_owned());
        let codebases = self.codebases.into_iter().map(|(name, codebase)| {
            let git = codebase.git.unwrap_or_else(|| moodle_git.clone());
            let CodebaseDraft { moodle, plugins, patches, .. } = codebase;
            Some((name.value, Codebase { moodle: moodle?, git, plugins, patches }))
        });
        let codebases: Option<BTreeMap<Name, Codebase>> = codebases.collect();
        let databases = self.databases.into_iter().map(|(name, server)| {
            Some((name.value, DatabaseServer { engine: server.engine, location: server.location? }))
        });
        let mut databases: BTreeMap<Name, DatabaseServer> = databases.collect::<Option<_>>()?;
        if databases.is_empty() {
            let managed = DatabaseServer { engine: Engine::Postgresql, location: Location::Managed };
            databases.insert(DEFAULT_SERVER.parse().ok()?, managed);
        }
        let redis = self.redis.into_iter().map(|(name, redis)| Some((name.value, redis?)));
        let redis: BTreeMap<Name, Redis> = redis.collect::<Option<_>>()?;
        let archives = self.archives.into_iter().map(|(name, draft)| Some((name.value, draft.archive?)));
        let archives: BTreeMap<Name, Archive> = archives.collect::<Option<_>>()?;
        let mut listen: Vec<SocketAddr> = self.web.listen.into_iter().map(|one| one.value).collect();
        if listen.is_empty() {
            listen.push(SocketAddr::from(([127, 0, 0, 1], 8080)));
        }
        let tls = self.web.tls.map_or(Tls::Off, |tls| tls.value);
        Some(Fleet {
            name: self.fleet.name?,
            moodle_git,
            catalogue: self.fleet.catalogue.unwrap_or_else(|| CATALOGUE.to_owned()),
            state: self.fleet.state.map(|state| state.value),
            web: Web { listen, tls, trusted_proxies: self.web.trusted_proxies },
            cron: self.cron,
            databases,
            redis,
            codebases: codebases?,
            templates: templates?,
            sites: sites?,
            archives,
        })
    }

    fn site(&self, name: &Name, draft: &SiteDraft) -> Option<Site> {
        let from = self.template_of(draft).map(|template| &template.site);
        let template = match &draft.template {
            Some(given) => Some(given.value.parse().ok()?),
            None => None,
        };
        let site = self.site_with(name, draft, from, draft.url.as_ref()?.value.clone())?;
        Some(Site {
            template,
            database_name: self.database_name(name, draft),
            settings: self.settings_of(name, draft),
            ..site
        })
    }

    fn template(&self, name: &Name, draft: &TemplateDraft) -> Option<Template> {
        let as_site = Template::site_name(name).ok()?;
        let url = match &draft.site.url {
            Some(url) => url.value.clone(),
            // RFC 6761: a name that never resolves. No text that is written into the template can lead anywhere.
            None => format!("http://{}.invalid", as_site.as_str().replace('_', "-")).parse().ok()?,
        };
        let site = self.site_with(name, &draft.site, None, url)?;
        // Nobody logs in to it, and no clone shall find keys of it.
        let site = Site { database_name: self.template_database_name(name, draft), redis: None, ..site };
        Some(Template {
            site,
            can_open: draft.site.url.is_some(),
            courses: draft.courses.clone(),
            spares: draft.spares.as_ref().map_or(0, |spares| spares.value),
        })
    }

    /// A site; what it does not say, the template's draft says, where there is one.
    fn site_with(
        &self,
        name: &Name,
        draft: &SiteDraft,
        from: Option<&SiteDraft>,
        url: SiteUrl,
    ) -> Option<Site> {
        let given = |key: fn(&SiteDraft) -> &Option<At<String>>| {
            key(draft).as_ref().or(from.and_then(|from| key(from).as_ref())).map(|text| text.value.as_str())
        };
        let codebase = match given(|draft| &draft.codebase) {
            Some(given) => given.parse().ok()?,
            None => self.codebases.first()?.0.value.clone(),
        };
        let database = match given(|draft| &draft.database) {
            Some(given) => given.parse().ok()?,
            None => self.server_names().first()?.parse().ok()?,
        };
        let host = url.host().to_owned();
        let text =
            |given: &Option<String>, default: &str| given.clone().unwrap_or_else(|| default.to_owned());
        // Moodle takes no address whose host has no dot.
        let host = if host.contains('.') { host } else { format!("{host}.invalid") };
        Some(Site {
            url,
            aliases: draft.aliases.iter().map(|alias| alias.value.clone()).collect(),
            was: draft.was.as_ref().map(|was| was.value.clone()),
            template: None,
            codebase,
            database,
            database_name: String::new(),
            prefix: given(|draft| &draft.prefix).unwrap_or("mdl_").to_owned(),
            redis: match given(|draft| &draft.redis) {
                Some(Redis::NONE) => None,
                Some(given) => Some(given.parse().ok()?),
                None => self.redis.first().map(|(name, _)| name.value.clone()),
            },
            dataroot: draft.dataroot.as_ref().map(|path| path.value.clone()),
            tags: draft.tags.iter().map(|tag| tag.value.clone()).collect(),
            enabled: draft.enabled.unwrap_or(true),
            admin: SiteAdmin {
                user: text(&draft.admin_user, "admin"),
                email: text(&draft.admin_email, &format!("admin@{host}")),
                password: draft.admin_password.clone(),
            },
            full_name: text(&draft.full_name, name.as_str()),
            short_name: text(&draft.short_name, name.as_str()),
            language: given(|draft| &draft.language).unwrap_or("en").to_owned(),
            limits: Limits {
                memory_mib: draft.memory.unwrap_or(Limits::USUAL.memory_mib),
                upload_mib: draft.upload.unwrap_or(Limits::USUAL.upload_mib),
                workers: draft.workers.unwrap_or(Limits::USUAL.workers),
            },
            settings: Settings::new(),
        })
    }
}

/// A login, where both parts were given.
pub(crate) fn login(user: Option<At<String>>, password: Option<At<SecretRef>>) -> Option<AdminLogin> {
    Some(AdminLogin { user: user?.value, password: password?.value })
}
