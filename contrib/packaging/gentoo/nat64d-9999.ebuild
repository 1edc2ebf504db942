# Distributed under the terms of the BSD-2-Clause license
# Rename to nat64d-VERSION.ebuild.  contrib/packaging/README says how this is built and what was tried.

EAPI=8

inherit linux-info systemd

DESCRIPTION="Stateless NAT64 translator in user space"
HOMEPAGE="https://nat64d.example/"
SRC_URI="https://nat64d.example/${P}.tar.gz"

LICENSE="BSD-2"
SLOT="0"
KEYWORDS="~amd64 ~arm64"
IUSE="test"
RESTRICT="!test? ( test )"

RDEPEND="acct-group/nat64d
	acct-user/nat64d
	sys-apps/iproute2"
DEPEND="sys-kernel/linux-headers
	test? ( dev-libs/check )"
BDEPEND="virtual/pkgconfig"

CONFIG_CHECK="~TUN"

src_configure() {
	econf --with-systemdsystemunitdir="$(systemd_get_systemunitdir)"
}

src_test() {
	# The tests in network namespaces need more rights than a build has.
	emake check scripts=
}

src_install() {
	default
	# acct-user/nat64d makes the user.
	rm -r "${ED}"/usr/lib/sysusers.d || die
	newinitd contrib/packaging/openrc/nat64d.initd nat64d
	newinitd contrib/packaging/openrc/nat64-host.initd nat64-host
	newinitd contrib/packaging/openrc/nat64d-sync.initd nat64d-sync
	newconfd contrib/packaging/openrc/nat64d.confd nat64d
	keepdir /etc/nat64
}
