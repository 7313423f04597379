# Installs codex-account-manager @VERSION@ on Windows for the person who runs this, without administrator's rights: the
# program, also as `cam`. What is downloaded is checked against the sums below, which came with this file.
#
#   irm @LATEST@/install.ps1 | iex
#
#   $env:CAM_INSTALL_DIR   where the program goes; %LOCALAPPDATA%\Programs\codex-account-manager
#   $env:CAM_INSTALL_URL   where the archives are, for a mirror; @DOWNLOADS@
#
# It is undone by removing that folder, and its entry in the person's PATH.
& {
    $ErrorActionPreference = 'Stop'
    # The bar makes a download in Windows PowerShell many times slower.
    $ProgressPreference = 'SilentlyContinue'

    $name = 'codex-account-manager'
    $version = '@VERSION@'
    # Triple and SHA-256 of each archive.
    $sums = @{
@SUMS@
    }

    # Of the machine, also in a PowerShell that is emulated.
    $machine = [Environment]::GetEnvironmentVariable('PROCESSOR_ARCHITECTURE', 'Machine')
    $cpu = switch ($machine) {
        'AMD64' { 'x86_64' }
        'ARM64' { 'aarch64' }
        default { throw "there is no program for the processor $machine; build it: ``cargo install codex-account-manager``" }
    }
    $triple = "$cpu-pc-windows-msvc"
    $wanted = $sums[$triple]
    if (-not $wanted) { throw "this release has no program for $triple; build it: ``cargo install codex-account-manager``" }
    $folder = if ($env:CAM_INSTALL_DIR) { $env:CAM_INSTALL_DIR } else { Join-Path $env:LOCALAPPDATA "Programs\$name" }
    $url = if ($env:CAM_INSTALL_URL) { $env:CAM_INSTALL_URL } else { '@DOWNLOADS@' }

    $work = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid())
    New-Item -ItemType Directory $work | Out-Null
    try {
        $stem = "$name-$version-$triple"
        $archive = Join-Path $work "$stem.zip"
        # Windows PowerShell 5.1 begins with protocols that GitHub refuses.
        $protocols = [Net.ServicePointManager]::SecurityProtocol
        [Net.ServicePointManager]::SecurityProtocol = $protocols -bor [Net.SecurityProtocolType]::Tls12
        Invoke-WebRequest -UseBasicParsing "$url/$stem.zip" -OutFile $archive
        $found = (Get-FileHash -Algorithm SHA256 $archive).Hash.ToLowerInvariant()
        if ($found -ne $wanted) {
            throw "$url/$stem.zip is not what was released: its SHA-256 is $found, and $wanted was expected; " +
                'nothing was installed'
        }
        Expand-Archive $archive $work
        New-Item -ItemType Directory -Force $folder | Out-Null
        foreach ($file in "$name.exe", 'cam.exe', 'LICENSE', 'THIRD-PARTY.txt') {
            $to = Join-Path $folder $file
            # A program that runs cannot be written over, but its file can be renamed.
            $old = "$to.old"
            if (Test-Path $old) { Remove-Item $old -ErrorAction SilentlyContinue }
            if ((Test-Path $to) -and -not (Test-Path $old)) { Move-Item $to $old }
            Copy-Item (Join-Path "$work\$stem" $file) $to -Force
            if (Test-Path $old) { Remove-Item $old -ErrorAction SilentlyContinue }
        }
        Write-Output "Installed $folder\$name.exe ($version), and cam.exe, the same under a short name"
    }
    finally {
        Remove-Item -Recurse -Force $work
    }

    # As it is written, with the variables in it: .NET's own call would replace them by what they are today.
    $key = [Microsoft.Win32.Registry]::CurrentUser.OpenSubKey('Environment', $true)
    $path = @($key.GetValue('Path', '', 'DoNotExpandEnvironmentNames') -split ';' | Where-Object { $_ })
    if ($path -notcontains $folder) {
        $key.SetValue('Path', (($path + $folder) -join ';'), 'ExpandString')
        # Tells every program that the environment has changed.
        [Environment]::SetEnvironmentVariable('CAM_INSTALL_DONE', '1', 'User')
        [Environment]::SetEnvironmentVariable('CAM_INSTALL_DONE', $null, 'User')
        Write-Output "Added $folder to your PATH: open a new terminal"
    }
    $key.Dispose()
    if (($env:Path -split ';') -notcontains $folder) { $env:Path = "$env:Path;$folder" }
    Write-Output "Try it: $name demo"
}
