//! Providers that have one repository under several hosts and paths.

/// Hosts by which a provider is reached too, and its own: where only the port of the web is open.
const SAME_HOSTS: [(&str, &str); 4] = [
    ("ssh.github.com", "github.com"),
    ("www.github.com", "github.com"),
    ("altssh.gitlab.com", "gitlab.com"),
    ("altssh.bitbucket.org", "bitbucket.org"),
];

/// Where Azure's repositories are.
const AZURE: &str = "dev.azure.com";

/// The provider's own host.
pub(super) fn own_host(host: &str) -> &str {
    SAME_HOSTS.iter().find(|(other, _)| *other == host).map_or(host, |(_, own)| own)
}

/// The address that the helper of a provider makes of its own short form, such as `codecommit::us-east-1://profile@repository`.
pub(super) fn own_address(url: &str) -> Option<String> {
    let (region, rest) = url.strip_prefix("codecommit::")?.split_once("://")?;
    let repository = rest.rsplit_once('@').map_or(rest, |(_, repository)| repository);
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    Some(format!("https://git-codecommit.{region}.{domain}/v1/repos/{repository}"))
}

/// The one form of an address of which a provider has several with different paths; `None` where there is no other. A pattern has it too.
pub(super) fn one_form(text: &str) -> Option<String> {
    let (host, path) = text.split_once('/').unwrap_or((text, ""));
    let is = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
    let mut names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
    let host = match host {
        "ssh.dev.azure.com" | "vs-ssh.visualstudio.com" => {
            names.first().filter(|name| is(name, "v3"))?;
            names.remove(0);
            AZURE
        }
        AZURE => AZURE,
        _ => match host.strip_suffix(".visualstudio.com") {
            Some(organization) => {
                names.retain(|name| !is(name, "DefaultCollection"));
                names.insert(0, organization);
                AZURE
            }
            // A server of Bitbucket has it only where its pages are.
            None => {
                names.first().filter(|name| is(name, "scm"))?;
                names.remove(0);
                host
            }
        },
    };
    if host == AZURE
        && let Some(at) = names.iter().position(|name| is(name, "_git"))
    {
        names.remove(at);
        // A repository with the name of its project.
        if at == 1
            && let Some(repository) = names.get(at).copied()
        {
            names.insert(at, repository);
        }
    }
    names.insert(0, host);
    Some(names.join("/")).filter(|form| form != text)
}
