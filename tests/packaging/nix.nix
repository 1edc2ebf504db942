# A stand-in for the parts of nixpkgs that module.nix needs: it evaluates the module for one configuration and returns the
# text of nat64.conf and the units.  Types are not checked.
let
  lib = rec {
    inherit (builtins) isAttrs;
    types = {
      bool = "bool";
      int = "int";
      str = "str";
      lines = "lines";
      path = "path";
      package = "package";
      nullOr = type: type;
      listOf = type: type;
      oneOf = type: type;
      either = a: b: a;
      attrsOf = type: type;
      submodule = x: x;
    };
    mkOption = x: x // { isOption = true; };
    mkEnableOption = description: mkOption { default = false; inherit description; };
    literalExpression = text: text;
    mkIf = condition: value: if condition then value else { };
    mkDefault = value: value;
    concatStrings = builtins.concatStringsSep "";
    concatLists = builtins.concatLists;
    mapAttrsToList = f: set: map (name: f name set.${name}) (builtins.attrNames set);
    filterAttrs = keep: set: builtins.listToAttrs (builtins.concatLists (map (name:
      if keep name set.${name} then [ { inherit name; value = set.${name}; } ] else [ ]) (builtins.attrNames set)));
    makeBinPath = list: "bin";
    licenses.bsd2 = "BSD-2-Clause";
    platforms.linux = [ "x86_64-linux" ];
  };
  # Each option has what is given, or its default; those of a submodule as well.
  fill = options: given: builtins.mapAttrs (name: option:
    let value = given.${name} or option.default; in
    if option ? type && builtins.isAttrs option.type then fill option.type.options value // value else value) options;
  pkgs = {
    nat64d = "/nat64d";
    writeText = name: text: text;
  };
  evaluate = given:
    let
      module = import (builtins.toPath (builtins.getEnv "MODULE")) {
        inherit lib pkgs;
        config.services.nat64d = fill module.options.services.nat64d given;
      };
    in
    module;
  # Every option has a description, and a default or a type.
  undescribed = options: builtins.filter (name: !(options.${name} ? description)) (builtins.attrNames options);
  plain = evaluate { enable = true; };
  rich = evaluate {
    enable = true;
    nat44 = true;
    settings = {
      ipv4-addr = "100.64.0.1";
      ipv6-addr = "2001:db8::64";
      prefix = [ "2001:db8:64::/96" "64:ff9b::/96" ];
      dynamic-pool = [ "100.64.0.0/24" ];
      map = [ "192.0.2.10 2001:db8:1::10" ];
      allow = [ "2001:db8:1::/48" ];
      deny = [ "10.0.0.0/8" ];
      wkpf-strict = false;
      offlink-mtu = 1500;
    };
    extraConfig = "icmp-rate 200 10\n";
  };
  arguments = {
    inherit lib;
    stdenv.mkDerivation = x: x;
    placeholder = x: "/out";
  } // builtins.listToAttrs (map (name: { inherit name; value = name; }) [
    "autoreconfHook" "pkg-config" "check" "makeWrapper" "coreutils" "gawk" "gnugrep" "gnused" "iproute2" "iputils" "nftables"
  ]);
  package = import (builtins.toPath (builtins.getEnv "PACKAGE"));
in
{
  plain = plain.config.environment.etc."nat64.conf".source;
  rich = rich.config.environment.etc."nat64.conf".source;
  off = builtins.toJSON (evaluate { }).config;
  unit = plain.config.systemd.services.nat64d.serviceConfig;
  hostless = plain.config.systemd.services.nat64-host == { };
  host = rich.config.systemd.services.nat64-host.serviceConfig.ExecStart;
  undescribed = undescribed plain.options.services.nat64d
    ++ undescribed plain.options.services.nat64d.settings.type.options;
  version = (package (builtins.intersectAttrs (builtins.functionArgs package) arguments)).version;
}
