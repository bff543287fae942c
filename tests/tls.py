"""Self-made certificates for tests, as docs/cluster.md makes them: an authority, and keys that it has signed."""

import subprocess
from pathlib import Path


def authority(folder: Path, name: str) -> Path:
    """A certificate authority: NAME-ca.pem and its key in `folder`. Returns the certificate."""
    key, certificate = folder / f"{name}-ca.key", folder / f"{name}-ca.pem"
    _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
             "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(certificate))  # fmt: skip
    return certificate


def signed(ca: Path, name: str) -> dict[str, str]:
    """A key with a certificate of that authority, as the options of dask's commands."""
    key, request, certificate = (ca.parent / f"{name}.{end}" for end in ("key", "csr", "pem"))
    _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
             "-keyout", str(key), "-out", str(request))  # fmt: skip
    _openssl("x509", "-req", "-in", str(request), "-CA", str(ca), "-CAkey", str(ca.with_suffix(".key")),
             "-CAcreateserial", "-days", "30", "-out", str(certificate))  # fmt: skip
    return {"tls-ca-file": str(ca), "tls-cert": str(certificate), "tls-key": str(key)}


def tls_settings(options: dict[str, str]) -> dict[str, str]:
    """The same files as dask's configuration, for the driver."""
    own = {"key": options["tls-key"], "cert": options["tls-cert"]}
    found = {"distributed.comm.tls.ca-file": options["tls-ca-file"]}
    return found | {f"distributed.comm.tls.client.{kind}": path for kind, path in own.items()}


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
