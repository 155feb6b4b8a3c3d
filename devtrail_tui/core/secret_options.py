"""Command line options that take a secret, without a name that says so.

Sources: the manuals of the programs.
"""

from __future__ import annotations

_REST = r"[^\n;&|]{0,200}?\s"
"""Further arguments before the option."""

OPTIONS = (
    ("mysql", rf"(?:mysql|mariadb)(?:dump|admin|import)?\s{_REST}-p(?!\s)"),
    ("mysql", r"(?:mysql|mariadb)(?:dump|admin|import)?\s-p(?!\s)"),
    ("sshpass", r"sshpass\s{1,3}-p\s{0,3}"),
    ("curl", rf"curl\s(?:{_REST})?(?:-u|--user|--proxy-user|-U)[\s=]{{0,3}}[\"']?[^\s:\"'$]{{1,64}}:"),
    ("curl", rf"curl\s(?:{_REST})?(?:-b|--cookie)[\s=]{{1,3}}[\"']?[\w.-]{{1,40}}="),
    ("wget", rf"wget\s(?:{_REST})?--user[\s=]{{1,3}}[^\s:\"'$]{{1,64}}:"),
    ("http", rf"https?\s(?:{_REST})?(?:-a|-u|--auth|--user)[\s=]{{1,3}}[\"']?[^\s:\"'$]{{1,64}}:"),
    ("/user:", r"(?:runas|net\suse|cmdkey)?[^\n]{0,60}?/user:[\w.@\\-]{1,64}\s{1,3}"),
    ("redis", rf"redis-cli\s(?:{_REST})?(?:-a|--pass)\s{{1,3}}"),
    ("requirepass", r"requirepass\s{1,3}"),
    ("masterauth", r"masterauth\s{1,3}"),
    ("> auth ", r"(?<=> )AUTH\s{1,3}"),
    ("mongo", rf"mongo(?:sh|dump|restore|export|import)?\s(?:{_REST})?-p\s{{1,3}}"),
    (
        "login",
        rf"(?:docker|podman|nerdctl|helm|oc|az|buildah|skopeo|crane)\s[\w\s]{{0,20}}?login\s(?:{_REST})?-p\s{{1,3}}",
    ),
    ("login", r"(?:wandb|vault|npm-cli|huggingface-cli|doppler)\slogin\s(?:--\w+[\s=])?(?=[A-Za-z.]{0,30}[0-9])"),
    ("snyk", r"snyk\s(?:auth|config set api=)\s{0,3}"),
    ("codecov", r"codecov[^\n]{0,60}?\s-t\s{1,3}"),
    ("sqlcmd", rf"sqlcmd\s(?:{_REST})?-P\s{{0,3}}"),
    ("bcp", rf"bcp\s(?:{_REST})?-P\s{{0,3}}"),
    ("ldap", rf"ldap\w{{2,10}}\s(?:{_REST})?-w\s{{0,3}}"),
    ("storepass", r"(?<=-)(?:storepass|keypass|srcstorepass|deststorepass)\s{1,3}"),
    ("smbclient", rf"smbclient\s(?:{_REST})?-U\s{{0,3}}[\w.@\\-]{{1,64}}%"),
    ("ssh-keygen", rf"ssh-keygen\s(?:{_REST})?-[NP]\s{{1,3}}"),
    ("passphrase", r"(?<=-)passphrase[\s=]{1,3}"),
    ("gh secret", rf"gh\ssecret\sset\s(?:{_REST})?(?:--body|-b)[\s=]{{1,3}}"),
    ("configure set", r"configure\sset\s\S{0,60}(?:secret|token|key)\S{0,20}\s{1,3}"),
    ("netlify", rf"netlify\s(?:{_REST})?--auth\s{{1,3}}"),
    ("nuget", rf"nuget\s(?:{_REST})?(?:-k|--api-key)\s{{1,3}}"),
    ("twine", rf"twine\s(?:{_REST})?-p\s{{1,3}}"),
    ("from-literal", r"from-literal=[\w.-]{1,60}="),
    ("zip", rf"(?:un)?zip\s(?:{_REST})?-P\s{{0,3}}"),
    ("7z", rf"7z\s(?:{_REST})?-p(?!\s)"),
    ("pass:", r"(?<=-)pass(?:in|out)?\spass:"),
    ("-d", r"(?<=-D)[\w.]{1,60}(?:password|token|secret|\.login)="),
)
"""A word of the text, and what stands before the secret."""
