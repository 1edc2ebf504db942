# Package of nat64d: pkgs.callPackage ./default.nix { }
# src is this source tree, unless a tarball of `make dist' is named.
{
  lib,
  stdenv,
  autoreconfHook,
  pkg-config,
  check,
  makeWrapper,
  coreutils,
  gawk,
  gnugrep,
  gnused,
  iproute2,
  iputils,
  nftables,
  src ? ../../..,
}:

stdenv.mkDerivation {
  pname = "nat64d";
  version = "1.0.0";
  inherit src;

  nativeBuildInputs = [
    autoreconfHook
    pkg-config
    makeWrapper
  ];
  checkInputs = [ check ];

  # The modules of NixOS make the units.
  configureFlags = [
    "--sysconfdir=/etc"
    "--with-systemdsystemunitdir=no"
  ];
  # What `make install' would write to /etc and /var goes into the package, where nobody reads it.
  installFlags = [ "sysconfdir=${placeholder "out"}/etc" ];

  # The tests in network namespaces need more rights than a build has.
  doCheck = true;
  checkFlags = [ "scripts=" ];

  postInstall = ''
    sed -i 's|^sysconfdir=.*|sysconfdir=/etc|' $out/sbin/nat64-host
    wrapProgram $out/sbin/nat64-host --prefix PATH : ${
      lib.makeBinPath [
        coreutils
        gawk
        gnugrep
        gnused
        iproute2
        iputils
        nftables
      ]
    }
  '';

  meta = {
    description = "Stateless NAT64 translator in user space";
    longDescription = ''
      IPv6-only hosts reach the IPv4 internet through a machine that runs nat64d
      (RFC 7915, RFC 6052, RFC 7757).  It takes the place of Tayga.
    '';
    license = lib.licenses.bsd2;
    platforms = lib.platforms.linux;
    mainProgram = "nat64d";
  };
}
