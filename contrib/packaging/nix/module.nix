# Module of NixOS: services.nat64d.  The unit has the same rights and restrictions as contrib/nat64d.service.in, and
# DynamicUser.  See README for an example.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.services.nat64d;

  # words VALUE: the arguments of one directive.
  words = value: if builtins.isBool value then (if value then "yes" else "no") else toString value;

  # lines NAME VALUE: one directive for each element of a list.
  lines = name: value: map (one: "${name} ${words one}\n") (if builtins.isList value then value else [ value ]);

  text =
    lib.concatStrings (
      lib.concatLists (lib.mapAttrsToList lines (lib.filterAttrs (_: value: value != null) cfg.settings))
    )
    + cfg.extraConfig;

  file = if cfg.configFile != null then cfg.configFile else pkgs.writeText "nat64.conf" text;

  # An option of nat64.conf(5) with a type of its own.
  setting =
    type: default: example: description:
    lib.mkOption { inherit type default example description; };
  nullOr = lib.types.nullOr;
  listOf = lib.types.listOf lib.types.str;
in
{
  options.services.nat64d = {
    enable = lib.mkEnableOption "nat64d, a stateless NAT64 translator";

    package = lib.mkOption {
      type = lib.types.package;
      default = pkgs.nat64d or (pkgs.callPackage ./default.nix { });
      defaultText = lib.literalExpression "pkgs.nat64d";
      description = "The package to use.";
    };

    settings = lib.mkOption {
      default = { };
      description = ''
        Directives of nat64.conf(5).  A list is one line for each element.  Directives that have no option here can
        be set all the same.
      '';
      type = lib.types.submodule {
        freeformType =
          let
            one = lib.types.oneOf [
              lib.types.bool
              lib.types.int
              lib.types.str
            ];
          in
          lib.types.attrsOf (lib.types.either one (lib.types.listOf one));
        options = {
          tun-device = setting lib.types.str "nat64" "nat64" "Network interface of the translator.";
          ipv4-addr = setting lib.types.str "192.168.255.1" "192.0.2.1" "IPv4 address of the daemon.";
          ipv6-addr = setting (nullOr lib.types.str) null "2001:db8::64" "IPv6 address of the daemon.";
          prefix = setting listOf [ "64:ff9b::/96" ] [ "2001:db8:64::/96" ] "Translation prefixes.";
          dynamic-pool = setting listOf [ "192.168.255.0/24" ] [ "100.64.0.0/16" ] "IPv4 addresses for IPv6 hosts.";
          map = setting listOf [ ] [ "192.0.2.10 2001:db8:1::10" ] "Explicit address mappings.";
          allow = setting listOf [ ] [ "2001:db8:1::/48" ] "Hosts that may use the translator; all if there is none.";
          deny = setting listOf [ ] [ "10.0.0.0/8" ] "IPv4 networks that no host reaches.";
          tun-setup = setting lib.types.bool true false "Whether the daemon brings the device up and adds routes.";
        };
      };
      example = {
        prefix = [ "2001:db8:64::/96" ];
        allow = [ "2001:db8:1::/48" ];
        mss-clamp = "auto";
      };
    };

    extraConfig = lib.mkOption {
      type = lib.types.lines;
      default = "";
      example = "icmp-rate 200 10";
      description = "Lines that are added to the configuration.";
    };

    configFile = lib.mkOption {
      type = nullOr lib.types.path;
      default = null;
      example = "/etc/nat64.conf";
      description = "A file to use instead of `settings` and `extraConfig`.";
    };

    nat44 = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = ''
        Whether `nat64-host up` hides the pools behind the IPv4 address of the machine, lets the machine forward, and
        drops forged sources.  It needs `networking.nftables` or iptables in the kernel.  Otherwise the firewall of the
        machine must do it.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ cfg.package ];
    environment.etc."nat64.conf".source = file;

    boot.kernel.sysctl = {
      "net.ipv4.ip_forward" = lib.mkDefault 1;
      "net.ipv6.conf.all.forwarding" = lib.mkDefault 1;
    };

    systemd.services.nat64-host = lib.mkIf cfg.nat44 {
      description = "Forwarding and NAT44 for the NAT64 translator";
      documentation = [ "man:nat64-host(8)" ];
      after = [
        "network.target"
        "nftables.service"
        "firewall.service"
      ];
      before = [ "nat64d.service" ];
      wantedBy = [ "nat64d.service" ];
      restartTriggers = [ file ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = "${cfg.package}/sbin/nat64-host up /etc/nat64.conf";
        ExecStop = "${cfg.package}/sbin/nat64-host down /etc/nat64.conf";
      };
    };

    systemd.services.nat64d = {
      description = "Stateless NAT64 translator";
      documentation = [
        "man:nat64d(8)"
        "man:nat64.conf(5)"
      ];
      after = [
        "network.target"
        "nftables.service"
      ];
      wantedBy = [ "multi-user.target" ];
      # A changed configuration is a reload.
      reloadTriggers = [ file ];
      unitConfig.StartLimitIntervalSec = 0;
      serviceConfig = {
        Type = "notify";
        ExecStart = "${cfg.package}/sbin/nat64d --nodetach --config /etc/nat64.conf";
        ExecReload = "+${cfg.package}/sbin/nat64ctl --socket %t/nat64d/control --wake $MAINPID reload";
        ExecStop = "-+${cfg.package}/sbin/nat64d --rmfilter --config /etc/nat64.conf";
        Restart = "on-failure";
        RestartSec = "100ms";
        RestartPreventExitStatus = 1;
        RuntimeDirectoryPreserve = "restart";
        FileDescriptorStoreMax = 1;
        WatchdogSec = 20;
        TimeoutAbortSec = 5;

        DynamicUser = true;
        User = "nat64d";
        Group = "nat64d";
        StateDirectory = "nat64d";
        StateDirectoryMode = "0750";
        RuntimeDirectory = "nat64d";
        RuntimeDirectoryMode = "0750";
        UMask = "0077";

        CapabilityBoundingSet = [
          "CAP_NET_ADMIN"
          "CAP_BPF"
        ];
        AmbientCapabilities = [
          "CAP_NET_ADMIN"
          "CAP_BPF"
        ];
        NoNewPrivileges = true;
        DevicePolicy = "closed";
        DeviceAllow = "/dev/net/tun rw";

        IPAddressDeny = "any";
        InaccessiblePaths = "/sys";
        KeyringMode = "private";
        LockPersonality = true;
        MemoryDenyWriteExecute = true;
        PrivateIPC = true;
        PrivateMounts = true;
        PrivateTmp = true;
        ProcSubset = "pid";
        ProtectClock = true;
        ProtectControlGroups = true;
        ProtectHome = true;
        ProtectHostname = true;
        ProtectKernelLogs = true;
        ProtectKernelModules = true;
        ProtectProc = "invisible";
        ProtectSystem = "strict";
        RemoveIPC = true;
        RestrictAddressFamilies = [
          "AF_NETLINK"
          "AF_UNIX"
        ];
        RestrictNamespaces = true;
        RestrictRealtime = true;
        RestrictSUIDSGID = true;
        SystemCallArchitectures = "native";
        SystemCallErrorNumber = "EPERM";
        SystemCallFilter = [
          "@basic-io @file-system @io-event @network-io @signal @sync"
          "clone clone3 fork vfork wait4 waitid kill prctl flock chown fchownat"
          "madvise mremap ioctl bpf capget capset"
          "seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self"
        ];
      };
    };
  };
}
